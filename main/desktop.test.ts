/** The desktop shell against Electron's own types, with a stand-in for its binary. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as Electron from 'electron'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { APP_ORIGIN, CALL_CHANNEL, handleCalls, openDesktop, registerScheme, serveFile, windowOptions } from './desktop.ts'
import { Service } from './host/service.ts'
import { openDatabase } from './storage/database.ts'
import { SessionStore } from './storage/sessions.ts'

let page = ''
let service: Service
beforeAll(() => {
  page = mkdtempSync(join(tmpdir(), 'vethlab-page-'))
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>Vethlab</title>')
  service = new Service(new SessionStore(openDatabase(':memory:').db), 'desktop')
})
afterAll(() => rmSync(page, { recursive: true, force: true }))

type Handler = (event: Electron.IpcMainInvokeEvent, method: unknown, args: unknown) => Promise<unknown>

/** Records what the shell asks of Electron. */
class StandIn {
  readonly calls: string[] = []
  handler: Handler = async () => null
  readonly windowHandlers = new Map<string, (event: { preventDefault(): void }) => void>()
  openHandler: ((details: { url: string }) => { action: string }) | null = null
  readonly opened: string[] = []

  parts(): Parameters<typeof openDesktop>[0]['electron'] {
    const self = this
    class BrowserWindow {
      readonly webContents = {
        setWindowOpenHandler: (handler: (details: { url: string }) => { action: string }) => {
          self.openHandler = handler
        },
        on: (name: string, handler: (event: { preventDefault(): void }) => void) => self.windowHandlers.set(name, handler),
        send: (channel: string, name: string) => self.calls.push(`send ${channel} ${name}`),
      }
      constructor(options: Electron.BrowserWindowConstructorOptions) {
        self.calls.push(`window ${JSON.stringify(options.webPreferences)}`)
      }
      on(): void {}
      once(): void {}
      show(): void {}
      isDestroyed(): boolean {
        return false
      }
      async loadURL(url: string): Promise<void> {
        self.calls.push(`load ${url}`)
      }
    }
    return {
      BrowserWindow,
      protocol: {
        registerSchemesAsPrivileged: (schemes: Electron.CustomScheme[]) => this.calls.push(`scheme ${JSON.stringify(schemes)}`),
        handle: (scheme: string) => this.calls.push(`protocol ${scheme}`),
      },
      session: { defaultSession: { setPermissionRequestHandler: () => this.calls.push('permissions'), setPermissionCheckHandler: () => {} } },
      ipcMain: {
        handle: (channel: string, handler: Handler) => {
          this.calls.push(`ipc ${channel}`)
          this.handler = handler
        },
      },
      shell: { openExternal: async (url: string) => void this.opened.push(url) },
    } as unknown as Parameters<typeof openDesktop>[0]['electron']
  }
}

test('the window is isolated and sandboxed, and loads the app by its own scheme', async () => {
  const electron = new StandIn()
  registerScheme(electron.parts())
  await openDesktop({ electron: electron.parts(), service, page, preload: '/preload.cjs' })
  expect(windowOptions('/preload.cjs').webPreferences).toMatchObject({
    contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true, webviewTag: false,
  })
  expect(electron.calls.map((call) => call.split(' ')[0])).toEqual(['scheme', 'protocol', 'permissions', 'window', 'ipc', 'load'])
  expect(electron.calls.at(-1)).toBe(`load ${APP_ORIGIN}/index.html`)
})

test('the page can neither navigate away nor open windows, except documentation in the browser', async () => {
  const electron = new StandIn()
  await openDesktop({ electron: electron.parts(), service, page, preload: '/preload.cjs' })
  let prevented = 0
  for (const name of ['will-navigate', 'will-attach-webview']) electron.windowHandlers.get(name)?.({ preventDefault: () => void (prevented += 1) })
  expect(prevented).toBe(2)
  for (const url of ['https://kubernetes.io/docs/', 'https://kubernetes.io.evil.example/', 'file:' + '///etc/passwd', 'javascript:alert(1)']) {
    expect(electron.openHandler?.({ url })).toEqual({ action: 'deny' })
  }
  expect(electron.opened).toEqual(['https://kubernetes.io/docs/'])
})

test("only the app's own top frame is answered", async () => {
  const electron = new StandIn()
  handleCalls(electron.parts().ipcMain, service)
  const from = (url: string, parent: unknown = null): Electron.IpcMainInvokeEvent => ({ senderFrame: { url, parent } }) as unknown as Electron.IpcMainInvokeEvent
  expect(await electron.handler(from(`${APP_ORIGIN}/index.html`), 'listSessions', [])).toEqual({ ok: true, value: [] })
  for (const event of [from('https://evil.example/'), from('app://vethlab.evil/'), from(`${APP_ORIGIN}/index.html`, {}), from('about:blank')]) {
    expect(await electron.handler(event, 'listSessions', [])).toEqual({ ok: false, message: 'the sender is not the app' })
  }
  expect(await electron.handler(from(`${APP_ORIGIN}/`), 'play', ['fast'])).toMatchObject({ ok: false, message: expect.stringMatching(/^refused: play/) })
})

test('the protocol serves the page and nothing else', async () => {
  const good = await serveFile(page, `${APP_ORIGIN}/index.html`)
  expect([good.status, good.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(good.headers.get('content-security-policy')).toMatch(/default-src 'none'/)
  for (const url of [`${APP_ORIGIN}/../../../etc/passwd`, `${APP_ORIGIN}/%2e%2e%2fetc%2fpasswd`, 'app://other/index.html', `${APP_ORIGIN}/gone.js`]) {
    expect((await serveFile(page, url)).status, url).toBe(404)
  }
})

test('the channels are those of the preload script', async () => {
  const { readFileSync } = await import('node:fs')
  const preload = readFileSync(join(import.meta.dirname, '..', 'preload', 'index.ts'), 'utf8')
  expect(preload).toContain(`'${CALL_CHANNEL}'`)
})
