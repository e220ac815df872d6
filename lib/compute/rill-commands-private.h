/* SPDX-License-Identifier: MIT */
#pragma once

#include "compute/rill-duration-private.h"
#include "compute/rill-pipeline-private.h"
#include "resource/rill-image-private.h"

typedef enum
{
  RILL_COMMAND_DISPATCH,
  RILL_COMMAND_COPY_BUFFER,
  RILL_COMMAND_FILL_BUFFER,
  RILL_COMMAND_COPY_IMAGE,
  RILL_COMMAND_COPY_BUFFER_TO_IMAGE,
  RILL_COMMAND_COPY_IMAGE_TO_BUFFER,
  RILL_COMMAND_CLEAR_IMAGE,
  RILL_COMMAND_BARRIER,
  RILL_COMMAND_TIMESTAMP,
} RillCommandKind;

/* Indices of arrays of the commands; resources are held elsewhere. */
typedef struct
{
  RillCommandKind kind;
  guint first_access;
  guint n_accesses;
  union
  {
    struct
    {
      RillPipeline *pipeline; /* (owned) */
      guint first_set;
      guint push_offset;
      guint push_size;
      guint grid[3];
    } dispatch;
    struct
    {
      gpointer from;          /* (unowned) */
      gpointer to;            /* (unowned) */
      guint64 from_offset;
      guint64 to_offset;
      guint64 size;
    } copy;
    struct
    {
      gpointer to;            /* (unowned) */
      guint64 offset;
      guint64 size;
      guint8 value;
    } fill;
    struct
    {
      RillTimestamps *timestamps; /* (owned) */
      gboolean end;
    } timestamp;
  } u;
} RillCommand;

typedef struct
{
  guint resource; /* index */
  gboolean write;
} RillCommandAccess;

/* A list of commands, and what they refer to. */
typedef struct
{
  GArray *commands;  /* (element-type RillCommand) */
  GArray *accesses;  /* (element-type RillCommandAccess) */
  GArray *sets;      /* (element-type VkDescriptorSet) */
  GByteArray *push_constants;
  guint n_resources;
} RillCommands;

void rill_commands_init  (RillCommands       *self);
void rill_commands_clear (RillCommands       *self);
/* Writes all commands, with a barrier before each one that depends on one since the last barrier.
 * The resources are pinned, the images will be in VK_IMAGE_LAYOUT_GENERAL. */
void rill_commands_write (const RillCommands *self,
                          VkCommandBuffer     command_buffer);
