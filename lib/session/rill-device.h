/* SPDX-License-Identifier: MIT */
#pragma once

#include "rill-enums.h"
#include "rill-types.h"

G_BEGIN_DECLS

#define RILL_TYPE_DEVICE (rill_device_get_type ())

RILL_API
G_DECLARE_FINAL_TYPE (RillDevice, rill_device, RILL, DEVICE, GObject)

RILL_API
GListModel    *rill_device_enumerate          (GError **error) G_GNUC_WARN_UNUSED_RESULT;

RILL_API
guint          rill_device_get_index          (RillDevice *self);
RILL_API
const char    *rill_device_get_name           (RillDevice *self);
RILL_API
RillDeviceType rill_device_get_device_type    (RillDevice *self);
RILL_API
const char    *rill_device_get_uuid           (RillDevice *self);
RILL_API
guint          rill_device_get_vendor_id      (RillDevice *self);
RILL_API
guint          rill_device_get_device_id      (RillDevice *self);
RILL_API
const char    *rill_device_get_pci_bus        (RillDevice *self);
RILL_API
const char    *rill_device_get_driver_name    (RillDevice *self);
RILL_API
const char    *rill_device_get_driver_version (RillDevice *self);
RILL_API
const char    *rill_device_get_api_version    (RillDevice *self);
RILL_API
GListModel    *rill_device_get_memory_types   (RillDevice *self);

G_END_DECLS
