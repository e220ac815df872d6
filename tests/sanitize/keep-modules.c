/* SPDX-License-Identifier: MIT */

/* To be preloaded under a sanitizer. LeakSanitizer names the functions of a leak's stack at exit,
 * and ThreadSanitizer those of an earlier access when it reports: by then the Vulkan loader has
 * unloaded the driver and the layers, and no suppression can name their modules. So nothing is
 * ever unloaded. */

int dlclose (void *handle);

int
dlclose (void *handle)
{
  (void) handle;
  return 0;
}
