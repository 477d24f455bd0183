/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_tree - json-c's tree with a way back to the root.
 *
 * Each object and array has a view that knows its parent and its name there, so that an error
 * can tell the full path. The root's view is the first of one array and stands for the document.
 */
#pragma once

#include <stddef.h>

struct json_object;

struct cf_json {
    struct json_object *node; /* NULL for the root `null` */
    const struct cf_json *parent;
    const char *name; /* in the parent; NULL in an array */
    size_t index;     /* in the parent, when that is an array */
};
