/** An HTTP/1.1 client as one generator. */
import { Bug } from '../../base/assert.ts'
import type { Errno } from '../../base/errno.ts'
import type { IpAddr } from '../../net/addr/ip.ts'
import type { Process } from '../process.ts'
import type { Wait } from '../wait.ts'
import type { HttpHeaders, HttpResponse } from './http-message.ts'

export interface HttpFailure {
  failure: 'url' | 'resolve' | 'connect' | 'timeout' | 'send' | 'receive' | 'empty' | 'protocol'
  /** What connect(2) or recv(2) said. */
  errno: Errno | null
  message: string
}

export interface HttpRequestOptions {
  /** `http://host[:port]/path?query`; https is not spoken. */
  url: string
  method?: string
  headers?: HttpHeaders
  body?: Uint8Array | string
  /** Connects there instead of resolving the URL's host. */
  address?: IpAddr
  port?: number
  family?: 'ipv4' | 'ipv6'
  connectTimeoutUs?: number
  /** For all of it. */
  timeoutUs?: number
  onEvent?: (event: HttpClientEvent) => void
  /** Called with each piece of the body as it comes; the response's `body` is whole all the same. */
  onBody?: (chunk: Uint8Array) => void
}

export type HttpClientEvent =
  | { event: 'resolved'; host: string; addresses: IpAddr[] }
  | { event: 'connecting'; address: IpAddr; port: number }
  | { event: 'connect-failed'; address: IpAddr; port: number; errno: Errno }
  | { event: 'connected'; address: IpAddr; port: number; local: IpAddr; localPort: number; firstPacketId: number }
  | { event: 'sent'; head: string; bytes: number }
  | { event: 'head'; head: string; response: HttpResponse }

export type HttpResult = HttpResponse & { remote: IpAddr; remotePort: number }

// biome-ignore lint/correctness/useYield: not yet
export function* httpRequest(proc: Process, options: HttpRequestOptions): Generator<Wait, HttpResult | HttpFailure> {
  throw new Bug(`not yet ${proc.name} ${options.url}`)
}
