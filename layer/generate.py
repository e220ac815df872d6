#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the layer's entry points from the Vulkan registry (vk.xml).

usage: generate.py vk.xml header|source OUTPUT

Every command of Vulkan and of its extensions that needs no window system gets an entry point, which
counts the call, lets it fail when told so, keeps the balance of what is created and destroyed, and
passes the call on: to the function sim_<command>() where OVERRIDES names it, otherwise to the next
layer or the driver. A function that overrides takes the SimInstance or SimDevice in the place of
the VkInstance or VkDevice, and before every other dispatchable handle.
"""

import re
import sys
import xml.etree.ElementTree as xml

# What has an entry point written by hand, in sim-layer.c.
BY_HAND = {
    'vkCreateInstance', 'vkDestroyInstance', 'vkCreateDevice', 'vkDestroyDevice',
    'vkGetInstanceProcAddr', 'vkGetDeviceProcAddr',
}

# What the loader answers without its layers.
UNSEEN = {
    'vkEnumerateInstanceVersion', 'vkEnumerateInstanceExtensionProperties',
    'vkEnumerateInstanceLayerProperties', 'vkEnumerateDeviceLayerProperties',
}

OVERRIDES = {
    # sim-report.c
    'vkCreateDebugUtilsMessengerEXT', 'vkDestroyDebugUtilsMessengerEXT',
    # sim-topology.c
    'vkEnumerateDeviceExtensionProperties',
    'vkGetPhysicalDeviceProperties', 'vkGetPhysicalDeviceProperties2',
    'vkGetPhysicalDeviceMemoryProperties', 'vkGetPhysicalDeviceMemoryProperties2',
    # sim-memory.c
    'vkAllocateMemory', 'vkFreeMemory', 'vkMapMemory', 'vkUnmapMemory',
    'vkFlushMappedMemoryRanges', 'vkInvalidateMappedMemoryRanges',
    'vkGetMemoryHostPointerPropertiesEXT', 'vkGetMemoryFdPropertiesKHR',
    # sim-memory-resource.c
    'vkCreateBuffer', 'vkDestroyBuffer', 'vkCreateImage', 'vkDestroyImage',
    'vkGetBufferMemoryRequirements', 'vkGetBufferMemoryRequirements2',
    'vkGetDeviceBufferMemoryRequirements', 'vkGetDeviceImageMemoryRequirements',
    'vkGetImageMemoryRequirements', 'vkGetImageMemoryRequirements2',
    'vkBindBufferMemory', 'vkBindBufferMemory2', 'vkBindImageMemory', 'vkBindImageMemory2',
    # sim-memory-domain.c
    'vkCmdFillBuffer', 'vkCmdUpdateBuffer', 'vkCmdCopyBuffer', 'vkCmdCopyBuffer2',
    'vkCmdCopyImageToBuffer', 'vkCmdCopyImageToBuffer2', 'vkCmdExecuteCommands',
    # sim-queue.c
    'vkGetPhysicalDeviceQueueFamilyProperties', 'vkGetPhysicalDeviceQueueFamilyProperties2',
    'vkGetDeviceQueue', 'vkGetDeviceQueue2', 'vkCreateCommandPool',
    'vkQueueSubmit', 'vkQueueSubmit2', 'vkQueueBindSparse', 'vkQueuePresentKHR',
    'vkQueueWaitIdle', 'vkDeviceWaitIdle',
    'vkCreateSemaphore', 'vkDestroySemaphore', 'vkWaitSemaphores', 'vkGetSemaphoreCounterValue',
    'vkSignalSemaphore', 'vkWaitForFences', 'vkGetFenceStatus', 'vkResetFences',
    'vkGetQueryPoolResults', 'vkGetEventStatus', 'vkSetEvent',
    # sim-queue-commands.c
    'vkBeginCommandBuffer',
    # sim-queue-family.c
    'vkCmdPipelineBarrier', 'vkCmdPipelineBarrier2', 'vkCmdWaitEvents', 'vkCmdWaitEvents2',
    'vkCmdSetEvent2',
    'vkDestroyCommandPool', 'vkAllocateCommandBuffers', 'vkFreeCommandBuffers',
    # sim-queue-names.c
    'vkSetDebugUtilsObjectNameEXT', 'vkSetDebugUtilsObjectTagEXT',
    'vkDebugMarkerSetObjectNameEXT', 'vkDebugMarkerSetObjectTagEXT',
    'vkSetPrivateData', 'vkGetPrivateData', 'vkDestroyPrivateDataSlot',
    'vkQueueBeginDebugUtilsLabelEXT', 'vkQueueEndDebugUtilsLabelEXT',
    'vkQueueInsertDebugUtilsLabelEXT',
}

# Commands that nothing but barriers, events and semaphores orders. Every other orders those before
# and behind it, as far as the scheduler of late submissions knows.
UNORDERED = {
    'vkCmdBindDescriptorSets', 'vkCmdBindPipeline', 'vkCmdPushConstants',
    'vkCmdPushDescriptorSetKHR', 'vkCmdPushDescriptorSetWithTemplateKHR',
    'vkCmdDispatch', 'vkCmdDispatchBase', 'vkCmdDispatchIndirect',
    'vkCmdFillBuffer', 'vkCmdUpdateBuffer', 'vkCmdCopyBuffer', 'vkCmdCopyBuffer2',
    'vkCmdCopyBufferToImage', 'vkCmdCopyBufferToImage2',
    'vkCmdCopyImageToBuffer', 'vkCmdCopyImageToBuffer2', 'vkCmdCopyImage', 'vkCmdCopyImage2',
    'vkCmdBlitImage', 'vkCmdBlitImage2', 'vkCmdResolveImage', 'vkCmdResolveImage2',
    'vkCmdClearColorImage', 'vkCmdClearDepthStencilImage',
    'vkCmdBeginDebugUtilsLabelEXT', 'vkCmdEndDebugUtilsLabelEXT', 'vkCmdInsertDebugUtilsLabelEXT',
}

# Of these the program destroys what others than the driver have created, or the other way about.
UNBALANCED = {'VkSurfaceKHR', 'VkDisplayModeKHR'}

DISPATCHABLE = {'VkInstance', 'VkPhysicalDevice', 'VkDevice', 'VkQueue', 'VkCommandBuffer'}
INSTANCE_LEVEL = {'VkInstance', 'VkPhysicalDevice'}


class Command:
    def __init__(self, element):
        proto = element.find('proto')
        self.name = proto.findtext('name')
        self.returns = proto.findtext('type')
        self.errors = [code for code in element.get('errorcodes', '').split(',') if code]
        self.successes = [code for code in element.get('successcodes', '').split(',') if code]
        self.params = []  # (declaration, type, name, length)
        for param in element.findall('param'):
            if 'vulkan' not in param.get('api', 'vulkan').split(','):
                continue
            for comment in param.findall('comment'):
                param.remove(comment)
            text = re.sub(r'\s+', ' ', ''.join(param.itertext())).strip()
            self.params.append((text, param.findtext('type'), param.findtext('name'),
                                param.get('len', '')))
        self.aliases = []
        self.overridden = self.name in OVERRIDES
        self.orders = (self.name.startswith('vkCmd') and not self.overridden
                       and self.name not in UNORDERED)

    @property
    def handle(self):
        return self.params[0][1]

    @property
    def level(self):
        return 'instance' if self.handle in INSTANCE_LEVEL else 'device'

    @property
    def names(self):
        return [self.name] + self.aliases

    def override_params(self):
        own = 'SimInstance *instance' if self.level == 'instance' else 'SimDevice *device'
        rest = self.params[1:] if self.handle in ('VkInstance', 'VkDevice') else self.params
        return ', '.join([own] + [param[0] for param in rest])

    def call(self):
        """The call of the override or of the next layer."""
        if self.overridden:
            rest = self.params[1:] if self.handle in ('VkInstance', 'VkDevice') else self.params
            return f'sim_{self.name} (' + ', '.join(['self'] + [p[2] for p in rest]) + ')'
        names = [param[2] for param in self.params]
        if self.handle == 'VkQueue':
            names[0] = f'sim_queue_get_real (self, {names[0]})'
        if self.level == 'instance':
            names = [f'sim_queue_family_translate (self, {name})' if name == 'queueFamilyIndex'
                     else name for name in names]
        return f'self->next.{self.name} (' + ', '.join(names) + ')'

    def get_created(self):
        """Of a command that creates: the type, name and number of the handles that it writes."""
        if not re.match(r'vk(?:Create|Allocate)', self.name) or self.returns != 'VkResult':
            return None
        _, kind, name, length = self.params[-1]
        count = length.split(',')[0].replace('::', '->')
        return kind, name, count

    def clear(self):
        """A line that makes the handles of an array NULL, as Vulkan wants it of a failure."""
        created = self.get_created()
        if created is None or not created[2]:
            return []
        _, name, count = created
        return [f'memset ({name}, 0, {count} * sizeof *{name});']

    def balance(self):
        """Lines that count what the call has created or destroyed; only handles that the program
        must destroy itself, not those that a pool or the device takes along."""
        if re.search(r'CommandBuffers|DescriptorSets', self.name):
            return [], []
        created = self.get_created()
        if created is not None:
            kind, name, count = created
            if kind in DISPATCHABLE | UNBALANCED or not kind.startswith('Vk'):
                return [], []
            return [], [f'sim_balance_created ("{kind}", {count or 1}, {name}, sizeof *{name}, '
                        'result);']
        if re.match(r'vk(?:Destroy|Free)', self.name) and len(self.params) == 3:
            kind, name = self.params[1][1:3]
            if kind not in UNBALANCED:
                return [f'sim_balance_destroyed ("{kind}", {name} != VK_NULL_HANDLE);'], []
        return [], []


def read_registry(path):
    """The commands, and pairs of names of one result."""
    root = xml.parse(path).getroot()
    wanted = set()
    for feature in root.findall('feature'):
        if 'vulkan' in feature.get('api').split(','):
            wanted |= {c.get('name') for c in feature.iterfind('require/command')}
    for extension in root.iterfind('extensions/extension'):
        if ('vulkan' in extension.get('supported').split(',')
                and extension.get('platform') is None):
            wanted |= {c.get('name') for c in extension.iterfind('require/command')}

    commands, aliases = {}, []
    for element in root.iterfind('commands/command'):
        if 'vulkan' not in element.get('api', 'vulkan').split(','):
            continue
        if element.get('alias'):
            aliases.append((element.get('name'), element.get('alias')))
        else:
            command = Command(element)
            commands[command.name] = command
    wanted -= UNSEEN
    results = [{enum.get('name'), enum.get('alias')} for enum in root.iter('enum')
               if enum.get('alias', '').startswith('VK_ERROR')]
    for name, base in aliases:
        if name in wanted:
            commands[base].aliases.append(name)
            wanted.add(base)
    return [commands[name] for name in sorted(wanted) if name in commands], results


def write_header(commands, out):
    out('/* Made by generate.py from vk.xml. */\n#pragma once\n')
    out('#include "sim-types.h"\n')
    out('typedef enum\n{')
    for command in commands:
        out(f'  SIM_CALL_{command.name},')
    out('  SIM_N_CALLS\n} SimCall;\n')
    for level in ('instance', 'device'):
        out(f'struct _Sim{level.title()}Table\n{{')
        for command in commands:
            if command.name not in BY_HAND and command.level == level:
                out(f'  PFN_{command.name} {command.name};')
        out('};\n')
    for command in commands:
        if command.overridden:
            out(f'{command.returns} sim_{command.name} ({command.override_params()});')


def write_entry_point(command, out):
    params = ', '.join(param[0] for param in command.params)
    find = f'sim_{command.level}_find ({command.params[0][2]})'
    device = 'self' if command.level == 'device' else 'NULL'
    before, after = command.balance()

    out(f'static VKAPI_ATTR {command.returns} VKAPI_CALL\nentry_{command.name} ({params})\n{{')
    out(f'  Sim{command.level.title()} *self = {find};')
    if command.returns == 'VkResult':
        out('  VkResult result;\n')
        out(f'  if (!sim_call_begin (SIM_CALL_{command.name}, {device}, &result))\n    {{')
        for line in command.clear():
            out(f'      {line}')
        out('      return result;\n    }')
        for line in before:
            out(f'  {line}')
        out(f'  result = {command.call()};')
        out(f'  sim_call_end ({device}, result);')
        for line in after:
            out(f'  {line}')
        out('  return result;')
    else:
        out(f'\n  sim_call_count (SIM_CALL_{command.name});')
        if command.orders:
            out('  sim_commands_order (self, commandBuffer);')
        for line in before:
            out(f'  {line}')
        out(f'  {"" if command.returns == "void" else "return "}{command.call()};')
    out('}\n')


def write_tables(commands, aliases, out):
    for command in commands:
        errors = ', '.join(command.errors + ['VK_SUCCESS'])
        out(f'static const VkResult errors_{command.name}[] = {{ {errors} }};')
    out('\nconst SimCallInfo sim_calls[SIM_N_CALLS] = {')
    for command in commands:
        lost = 'TRUE' if 'VK_ERROR_DEVICE_LOST' in command.errors else 'FALSE'
        out(f'  {{ "{command.name}", {lost}, errors_{command.name} }},')
    out('};\n')
    codes = {code for command in commands for code in command.errors + command.successes}
    for pair in aliases:
        codes |= pair if pair & codes else set()
    out('const SimResultName sim_result_names[] = {')
    for code in sorted(codes - {'VK_SUCCESS'}):
        out(f'  {{ "{code}", {code} }},')
    out('};\nconst gsize sim_n_result_names = G_N_ELEMENTS (sim_result_names);\n')
    out('const SimEntryPoint sim_entry_points[] = {')
    entries = []
    for command in commands:
        if command.name not in BY_HAND:
            for name in command.names:
                entries.append((name, f'  {{ "{name}", (PFN_vkVoidFunction) entry_{command.name}, '
                                      f'SIM_CALL_{command.name} }},'))
    for _, line in sorted(entries):
        out(line)
    out('};\nconst gsize sim_n_entry_points = G_N_ELEMENTS (sim_entry_points);\n')
    for level, handle in (('instance', 'VkInstance'), ('device', 'VkDevice')):
        out(f'void\nsim_{level}_table_load (Sim{level.title()}Table *table, {handle} handle, '
            f'PFN_vkGet{level.title()}ProcAddr get)\n{{')
        for command in commands:
            if command.name in BY_HAND or command.level != level:
                continue
            for name in command.names:
                guard = '' if name == command.name else f'if (table->{command.name} == NULL)\n    '
                out(f'  {guard}table->{command.name} = '
                    f'(PFN_{command.name}) get (handle, "{name}");')
        out('}\n')


def write_source(commands, aliases, out):
    out('/* Made by generate.py from vk.xml. */')
    out('#include "sim-layer.h"\n')
    out('#include <string.h>\n')
    for command in commands:
        if command.name not in BY_HAND:
            write_entry_point(command, out)
    write_tables(commands, aliases, out)


def main():
    registry, kind, path = sys.argv[1:]
    commands, aliases = read_registry(registry)
    unknown = OVERRIDES - {command.name for command in commands}
    if unknown:
        sys.exit(f'generate.py: not in the registry: {", ".join(sorted(unknown))}')
    with open(path, 'w', encoding='utf-8') as file:
        def out(line):
            print(line, file=file)
        if kind == 'header':
            write_header(commands, out)
        else:
            write_source(commands, aliases, out)


if __name__ == '__main__':
    main()
