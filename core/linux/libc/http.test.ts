/** HTTP between two machines, over the real stack. */
import { expect, test } from 'vitest'
import { joinMachines, linuxMachine, linuxWorld } from '../../../test/support/linux.ts'
import type { Machine } from '../machine.ts'
import { httpRequest, type HttpRequestOptions, type HttpClientEvent } from './http-client.ts'
import { bodyText, HttpHeaders, textResponse } from './http-message.ts'
import { type HttpHandler, serveHttp } from './http-server.ts'

function pair(): [Machine, Machine] {
  const world = linuxWorld()
  const machines: [Machine, Machine] = [linuxMachine(world, 'client'), linuxMachine(world, 'server')]
  joinMachines(world, machines)
  return machines
}

function serve(machine: Machine, handler: HttpHandler): void {
  machine.spawn({ argv: ['httpd'], program: function* (proc) { yield* serveHttp(proc, 80, handler, { server: 'test/1' }); return 1 } })
}

function fetch(machine: Machine, options: HttpRequestOptions): string {
  let outcome = 'nothing'
  machine.spawn({
    argv: ['fetch'],
    program: function* (proc) {
      const events: HttpClientEvent['event'][] = []
      const result = yield* httpRequest(proc, { ...options, onEvent: (event) => events.push(event.event) })
      if ('failure' in result) outcome = `${result.failure} ${result.errno} ${result.message}`
      else outcome = `${result.status} ${result.reason} [${result.headers.fields.map((field) => field.join('=')).join(' ')}] ${bodyText(result)} (${events.join(' ')})`
      return 0
    },
  })
  const { clock } = machine.world
  clock.advance(clock.nowUs + 200_000_000, 2_000_000)
  return outcome
}

test('a request and its answer', () => {
  const [client, server] = pair()
  serve(server, (request) => textResponse(200, `${request.method} ${request.target} ${bodyText(request)}`))
  expect(fetch(client, { url: 'http://server/a?b=1' })).toBe(
    '200 OK [Server=test/1 Date=Thu, 01 Jan 2026 00:00:00 GMT Content-Type=text/plain; charset=utf-8 Content-Length=11 Connection=keep-alive] GET /a?b=1  (resolved connecting connected sent head)',
  )
  expect(fetch(client, { url: 'http://10.0.0.2/p', method: 'POST', body: 'größe' })).toContain(' POST /p größe ')
})

test('a body of several segments, chunked', () => {
  const [client, server] = pair()
  const big = 'x'.repeat(100_000)
  serve(server, () => ({ ...textResponse(200, big), headers: new HttpHeaders([['Transfer-Encoding', 'chunked']]) }))
  expect(fetch(client, { url: 'http://server/' })).toBe(
    `200 OK [Server=test/1 Date=Thu, 01 Jan 2026 00:00:00 GMT Transfer-Encoding=chunked Connection=keep-alive] ${big} (resolved connecting connected sent head)`,
  )
})

test('a handler that waits, and a client that does not', () => {
  const [client, server] = pair()
  serve(server, function* (request) {
    yield* request.thread.sleepUs(5_000_000)
    return textResponse(200, 'late')
  })
  expect(fetch(client, { url: 'http://server/', timeoutUs: 1_000_000 })).toBe('timeout null operation timed out')
  expect(fetch(client, { url: 'http://server/' })).toContain('late')
})

test('what goes wrong has a name', () => {
  const [client] = pair()
  expect(fetch(client, { url: 'http://server/' })).toBe('connect ECONNREFUSED connect to 10.0.0.2 port 80: Connection refused')
  expect(fetch(client, { url: 'http://nowhere/' })).toBe('resolve null EAI_AGAIN')
  expect(fetch(client, { url: 'http://192.0.2.1/' })).toBe('connect ENETUNREACH connect to 192.0.2.1 port 80: Network is unreachable')
  expect(fetch(client, { url: 'http://10.0.0.9/' })).toBe('connect EHOSTUNREACH connect to 10.0.0.9 port 80: No route to host')
  expect(fetch(client, { url: 'https://server/' })).toBe('url null bad URL https://server/')
})
