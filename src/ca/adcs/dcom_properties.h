/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcom_properties - names and numbers that both directions of an activation share (MS-DCOM 1.9,
 * 2.2.18, 2.2.22; MS-RPCE 2.2.6).
 */
#pragma once

#include "cursor.h"

/* Those of COM differ in their first number only. */
#define CF_COM_GUID(d1) CF_GUID(d1, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46)

enum {
    CF_OBJREF_SIGNATURE = 0x574f454d, /* "MEOW" */
    CF_OBJREF_STANDARD = 1,
    CF_OBJREF_CUSTOM = 4,
    CF_TOWER_TCP = 7,    /* ncacn_ip_tcp */
    CF_SERIAL_HEAD = 16, /* common and private header of a serialized type */
    CF_SERIAL_COMMON = 8 /* the first of them */
};
