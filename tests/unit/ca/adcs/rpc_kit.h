/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc_kit - RPC packets made by hand, and a peer that answers with them by a script.
 *
 * The peer has a port and a thread of its own and takes one connection.
 */
#pragma once

#include <pthread.h>
#include <string.h>

#include "ca/adcs/rpc_epm.h"
#include "ca/adcs/rpc_pdu.h"
#include "unit/base/unit.h"

extern const struct cf_rpc_interface kit_interface;

/* All of them: the caller frees; the test fails when memory does. */
struct cf_buf *kit_pdu(unsigned type, unsigned flags, uint32_t call_id, struct cf_bytes body);
struct cf_buf *kit_pdu_with_token(unsigned type, unsigned flags, uint32_t call_id,
                                  struct cf_bytes body, unsigned pad_len, const char *token);
struct cf_buf *kit_ack(unsigned type, unsigned flags, uint16_t max_receive, uint16_t result,
                       uint16_t reason);
struct cf_buf *kit_nak(uint16_t reason);
struct cf_buf *kit_fault(uint32_t call_id, uint32_t status);
struct cf_buf *kit_response(unsigned flags, uint32_t call_id, struct cf_bytes stub);
/* A tower of the mapper for `interface` on `port`. */
struct cf_buf *kit_tower(const struct cf_rpc_interface *interface, uint16_t port);
/* The answer of ept_map with these towers. */
struct cf_buf *kit_map_answer(struct cf_buf *const *towers, uint32_t n_towers, uint32_t status);

struct peer_step {
    bool sends_only;           /* does not wait for a packet before */
    bool waits_for_last;       /* of a request in fragments */
    struct cf_buf *take_bytes; /* what is sent; NULL: nothing */
    unsigned n_times;          /* 0 counts as 1 */
    bool resets;               /* then, by force */
    bool stays;                /* silent, until the client goes */
};

enum { PEER_STEPS_MAX = 8 };

struct rpc_peer {
    int listener;
    uint16_t port;
    pthread_t thread;
    struct peer_step steps[PEER_STEPS_MAX];
    size_t n_steps;
    struct cf_buf *received; /* all packets, read after peer_stop */
    volatile int stop;
    struct cf_rpc_target target;
};
void peer_add(struct rpc_peer *peer, struct peer_step step);
void peer_start(struct rpc_peer *peer); /* with the steps that are there */
void peer_stop(struct rpc_peer *peer);  /* waits for its thread */
int peer_setup(void **state);           /* *state is a peer without steps */
int peer_teardown(void **state);
