/**
 * Sends flows through a world and reports what happened to each: who answered, whom the server saw, what was rewritten where,
 * which interfaces and rules the first packet met, where it died (INTERFACE.md, `probe`).
 *
 * Each flow is a process in the sender's own network namespace, with the sender's own resolver and files.
 * Omits: SCTP, which the stack does not have yet.
 */
import { utf8Decode } from '../base/utf8.ts'
import { type Errno, isErrno } from '../base/errno.ts'
import type { Service } from '../api/types/service.ts'
import type { Pod } from '../api/types/pod.ts'
import { StatusError } from '../api/meta/status.ts'
import type { FlowRequest, FlowResult, FlowVerdict } from '../lab/flow.ts'
import { type Journey, Journeys } from '../lab/journeys.ts'
import { httpRequest } from '../linux/libc/http-client.ts'
import { connectTcp } from '../linux/libc/tcp.ts'
import { dnsQuery } from '../linux/libc/dns-query.ts'
import { resolveHost } from '../linux/libc/resolver.ts'
import type { Process } from '../linux/process.ts'
import type { ProcessContext } from '../linux/process-context.ts'
import type { Machine } from '../linux/machine.ts'
import type { Wait } from '../linux/wait.ts'
import { type IpAddr, parseIp } from '../net/addr/ip.ts'
import type { Simulation } from './simulation.ts'

export interface Place {
  machine: Machine
  context: ProcessContext
}
