/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

#include "rill-version.h"

G_BEGIN_DECLS

typedef struct _RillAllocationInfo RillAllocationInfo;
typedef struct _RillBuffer RillBuffer;
typedef struct _RillCommandBuffer RillCommandBuffer;
typedef struct _RillComputeNode RillComputeNode;
typedef struct _RillDevice RillDevice;
typedef struct _RillDuration RillDuration;
typedef struct _RillImage RillImage;
typedef struct _RillImageView RillImageView;
typedef struct _RillMapping RillMapping;
typedef struct _RillMemory RillMemory;
typedef struct _RillMemoryPage RillMemoryPage;
typedef struct _RillMemoryStatistics RillMemoryStatistics;
typedef struct _RillMemoryType RillMemoryType;
typedef struct _RillProgram RillProgram;
typedef struct _RillResource RillResource;
typedef struct _RillSession RillSession;
typedef struct _RillSuballocator RillSuballocator;
typedef struct _RillTransfer RillTransfer;

G_END_DECLS
