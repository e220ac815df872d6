# SPDX-License-Identifier: MIT
"""What counts as a step to take out, and what is put in its place.

A call is recognised by the name of what is called. As a statement it is left out. As a part of an
expression it is replaced by its rule's text, in which {0}, {1}, … are the call's arguments; without
such a text it is no site there.
"""

import re

KINDS = ('flush', 'invalidate', 'barrier', 'wait', 'rounding', 'unlock', 'wake', 'cleanup')


class Rule:
    """A kind of site, by the name of the function that is called."""

    def __init__(self, kind, names, instead=None):
        self.kind = kind
        self.names = re.compile(f'(?:{names})$')
        self.instead = instead


CALLS = (
    Rule('flush', r'vkFlushMappedMemoryRanges', 'VK_SUCCESS'),
    Rule('flush', r'rill_(page|staging)_flush', 'TRUE'),
    Rule('invalidate', r'vkInvalidateMappedMemoryRanges', 'VK_SUCCESS'),
    Rule('invalidate', r'rill_(page|staging)_invalidate', 'TRUE'),

    Rule('barrier', r'vkCmdPipelineBarrier2?'),
    Rule('barrier', r'record_(host_)?barrier|write_hazard_barrier|rill_command_barrier', '(void) 0'),
    Rule('barrier', r'(add|flush)_transitions?|record_images_to_\w+', '(void) 0'),
    Rule('barrier', r'rill_recording_(add_barrier|set_final_layout)'),
    Rule('barrier', r'rill_image_set_vk_layout_locked|note_accesses|add_access'),
    Rule('barrier', r'has_hazard|needs_epilogue|is_write', 'FALSE'),

    Rule('wait', r'vkWaitSemaphores|vkDeviceWaitIdle|vkQueueWaitIdle|wait_once', 'VK_SUCCESS'),
    Rule('wait', r'fill_waits', '0'),
    Rule('wait', r'rill_\w+_wait(_turn|_host_access|_ticket)?|wait_\w+', 'TRUE'),
    Rule('wait', r'rill_(context|queue|recording)_is_reached|rill_recording_must_wait', 'TRUE'),
    Rule('wait', r'rill_sync_(get_dependencies|note|point_merge)|rill_context_get_last'),
    Rule('wait', r'rill_context_defer|rill_queue_defer', '{2} ({3})'),
    Rule('wait', r'rill_timestamps_note|drain'),
    Rule('wait', r'g_cond_wait(_until)?', 'TRUE'),

    Rule('rounding', r'round_up', '{0}'),
    Rule('rounding', r'get_padding', '0'),
    Rule('rounding', r'align_bytes', 'g_bytes_ref ({0})'),
    Rule('rounding', r'widen_to_atoms'),

    Rule('unlock', r'g_(rec_)?mutex_unlock|g_rw_lock_\w+_unlock|\w+_unlock_\w+|\w+_unlock'),
    Rule('unlock', r'\w*unpin'),

    Rule('wake', r'g_cond_(signal|broadcast)'),

    Rule('cleanup', r'vk(Destroy|Free)\w+|vkUnmapMemory\w*|destroy_\w+', '(void) 0'),
    Rule('cleanup', r'vkReset(CommandBuffer|CommandPool|DescriptorPool)', 'VK_SUCCESS'),
    Rule('cleanup', r'g_thread_(join|unref)|g_source_destroy|g_private_set'),
    Rule('cleanup', r'g_(ptr_array|list_store|queue|hash_table|list|slist)_remove\w*|g_queue_unlink'),
    Rule('cleanup', r'g_clear_\w+|g_free|g_(object|weak_ref)_\w*(unref|clear)'),
    Rule('cleanup', r'spv\w+Destroy|shaderc_\w+_release|spvc_context_destroy'),
    Rule('cleanup', r'\w+_(unref|free|free_full|clear|clear_full|release|cancel|close|destroy|stop)'),
    Rule('cleanup', r'(clear|close|free|drop|release|reclaim|remove|retire|unlink|discard)_\w+'),
    Rule('cleanup', r'rill_\w+_(discard|remove|drop|collect|abort|reset|end|retire|trim)\w*'),
    Rule('cleanup', r'rill_\w+_(give_ticket|end_host_access|stop_\w+)'),
    Rule('cleanup', r'recycle_locked|unmark_uses|dispose|finalize|abort_release|take_holdings_locked'),
    Rule('cleanup', r'unlink|close'),
)

# A function of these names that is handed to another is there to be called when something goes away.
DESTROY_NOTIFY = re.compile(r'(?:\(\w+\) )?\w+_(unref|free|clear|release|destroy|unset)$')

# Statements that are no calls.
STATEMENTS = (
    ('barrier', re.compile(r'self->to_host \|= ')),
    ('rounding', re.compile(r'\*?(step|alignment) = MAX \(')),
    ('unlock', re.compile(r'\S+->(pins|running|submitting)--$')),
    ('cleanup', re.compile(r'\S+->n_\w+--$')),
)

# Expressions, by their text: (kind, pattern, what is put in its place)
EXPRESSIONS = (
    ('rounding', re.compile(r'\((.+) \+ ([\w>.-]+) - 1\) / \2 \* \2$', re.S), r'(\1)'),
    ('rounding', re.compile(r'([\w>.-]+) / ([\w>.-]+) \* \2$'), r'\1'),
    ('rounding', re.compile(r'\((.+) \+ (\d+)\) / (\d+) \* \3$'), r'(\1)'),
)

# Calls that only look like one; and those that end a GMutex or a GCond, which have nothing to free.
NOT_SITES = re.compile(r'rill_image_(can_)?record_clear$|rill_resource_set_closed_error$'
                       r'|g_(rec_)?mutex_clear$|g_cond_clear$|rill_children_clear$')

# Sites whose removal changes nothing that can be observed: {id: reason}
EQUIVALENT = {
    'rill-context.c:end_device:vkDeviceWaitIdle#1':
        'whatever was submitted has been waited for by what it used; it is for a driver that ends a submission after '
        'it has signalled that',
    'rill-context.c:spin:rill_context_is_reached#1': 'who has spun asks again; only time is lost',
    'rill-context.c:rill_context_rest:engine_unref#1': 'the process is at its end, and what it holds is reachable',
    'rill-glsl.c:rill_glsl_compile:g_free#1':
        'the compiler asks a second time for a file that it did not get, which takes the text',
    'rill-glsl.c:resolve_cb:failure#1': 'the same',
    'rill-image-copy.c:clear_through_host:host#1':
        'no device here has a format of 64 bits with more channels than were asked for',
}
