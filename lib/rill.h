/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-enum-types.h"
#include "rill-enums.h"
#include "rill-types.h"
#include "rill-version.h"

#include "core/rill-error.h"

#include "session/rill-device.h"
#include "session/rill-memory-type.h"
#include "session/rill-session.h"

#include "memory/rill-allocation-info.h"
#include "memory/rill-memory-page.h"
#include "memory/rill-memory-statistics.h"
#include "memory/rill-memory.h"
#include "memory/rill-suballocator.h"

#include "resource/rill-buffer.h"
#include "resource/rill-image-view.h"
#include "resource/rill-image.h"
#include "resource/rill-mapping.h"
#include "resource/rill-memory-dump.h"
#include "resource/rill-resource.h"

#include "transfer/rill-buffer-transfer.h"
#include "transfer/rill-compaction.h"
#include "transfer/rill-image-transfer.h"
#include "transfer/rill-transfer.h"

#include "compute/rill-command-buffer.h"
#include "compute/rill-compute-node.h"
#include "compute/rill-duration.h"
#include "compute/rill-program.h"
