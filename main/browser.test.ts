/** The browser host's doors: who gets in, and who is told no. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type BrowserHost, serveBrowser } from './browser.ts'
import { Service } from './host/service.ts'
import { openDatabase } from './storage/database.ts'
import { SessionStore } from './storage/sessions.ts'

let page = ''
let host: BrowserHost
let cookie = ''

beforeAll(async () => {
  page = mkdtempSync(join(tmpdir(), 'vethlab-page-'))
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>Vethlab</title>')
  host = await serveBrowser({ service: new Service(new SessionStore(openDatabase(':memory:').db), 'browser'), page, port: 0 })
})
afterAll(async () => {
  await host.close()
  rmSync(page, { recursive: true, force: true })
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: host.port, path, method: options.method ?? 'GET', headers: options.headers ?? {} }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += String(chunk)
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    call.on('error', reject)
    call.end(options.body)
  })
}

const origin = (): string => `http://127.0.0.1:${host.port}`
const codeOf = (url: string): string => url.slice(url.indexOf('#code=') + 6)

function open(headers: Record<string, string>, path = '/rpc'): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}${path}`, { headers })
    socket.on('open', () => {
      socket.close()
      resolve('open')
    })
    socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)))
    socket.on('error', (error) => resolve(error.message))
  })
}

test('the page comes with a strict content security policy', async () => {
  const { status, headers } = await ask('/')
  expect(status).toBe(200)
  expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self';/)
  expect(headers['content-security-policy']).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline/)
})

test('another Host is not served, as a rebound name would send', async () => {
  expect((await ask('/', { headers: { Host: 'evil.example' } })).status).toBe(421)
  expect((await ask('/', { headers: { Host: `127.0.0.1.evil.example:${host.port}` } })).status).toBe(421)
})

test('files outside the page are not there', async () => {
  expect((await ask('/../../etc/passwd')).status).toBe(404)
  expect((await ask('/%2e%2e/%2e%2e/etc/passwd')).status).toBe(404)
})

test('a code works once, from the own origin only', async () => {
  const body = JSON.stringify({ code: codeOf(host.url) })
  expect((await ask('/session', { method: 'POST', body, headers: { Origin: 'http://evil.example' } })).status).toBe(403)
  const first = await ask('/session', { method: 'POST', body, headers: { Origin: origin() } })
  expect(first.status).toBe(204)
  const set = String(first.headers['set-cookie'])
  expect(set).toMatch(/HttpOnly; SameSite=Strict; Path=\//)
  cookie = set.split(';')[0]
  expect((await ask('/session', { method: 'POST', body, headers: { Origin: origin() } })).status).toBe(401)
})

test('a wrong or missing code is refused', async () => {
  for (const body of ['', '{}', '{"code":"guess"}', '{"code":7}', 'not json', JSON.stringify({ code: 'x'.repeat(9000) })]) {
    expect((await ask('/session', { method: 'POST', body, headers: { Origin: origin() } })).status).toBe(401)
  }
})

test('a WebSocket needs the cookie, the origin and the path', async () => {
  expect(await open({ Origin: origin() })).toBe('401')
  expect(await open({ Cookie: cookie })).toBe('403')
  expect(await open({ Cookie: cookie, Origin: 'http://evil.example' })).toBe('403')
  expect(await open({ Cookie: `${cookie}x`, Origin: origin() })).toBe('401')
  expect(await open({ Cookie: cookie, Origin: origin() }, '/other')).toBe('404')
  expect(await open({ Cookie: cookie, Origin: origin() })).toBe('open')
})
