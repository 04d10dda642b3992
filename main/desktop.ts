/**
 * The desktop shell: one window, one protocol, one IPC wrapper. Takes Electron as an argument, so that everything here is
 * tested against Electron's own types where its binary cannot be had; `index.ts` is the only file that imports it.
 */
import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import type * as Electron from 'electron'
import { CONTENT_SECURITY_POLICY } from './browser.ts'
import { callHost, Refusal } from './host/call.ts'
import type { Service } from './host/service.ts'

export const APP_SCHEME = 'app'
export const APP_ORIGIN = 'app://vethlab'
export const CALL_CHANNEL = 'vethlab:call'
export const NEWS_CHANNEL = 'vethlab:news'

const CONTENT_TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'], ['.js', 'text/javascript; charset=utf-8'], ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json'], ['.svg', 'image/svg+xml'], ['.png', 'image/png'], ['.woff2', 'font/woff2'], ['.woff', 'font/woff'],
  ['.ttf', 'font/ttf'], ['.ico', 'image/x-icon'], ['.map', 'application/json'], ['.wasm', 'application/wasm'],
])

type ElectronParts = Pick<typeof Electron, 'app' | 'BrowserWindow' | 'ipcMain' | 'protocol' | 'session' | 'shell' | 'Menu'>

export interface DesktopOptions {
  electron: ElectronParts
  service: Service
  /** Folder of the built page. */
  page: string
  /** The built preload script. */
  preload: string
}

/** Must run before Electron is ready: the page's scheme is standard and secure, so that origin, CSP and workers behave as on the web. */
export function registerScheme(electron: Pick<ElectronParts, 'protocol'>): void {
  electron.protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true } },
  ])
}

export function windowOptions(preload: string): Electron.BrowserWindowConstructorOptions {
  return {
    width: 1440,
    height: 900,
    minWidth: 960,
    minHeight: 600,
    show: false,
    backgroundColor: '#0d1117',
    title: 'Vethlab',
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    },
  }
}

/** Opens the window and serves it. Call it after `app.whenReady()`. */
export async function openDesktop(options: DesktopOptions): Promise<Electron.BrowserWindow> {
  const { electron, service } = options
  electron.protocol.handle(APP_SCHEME, (request) => serveFile(options.page, request.url))
  electron.session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) => answer(permission === 'clipboard-sanitized-write'))
  electron.session.defaultSession.setPermissionCheckHandler((_contents, permission) => permission === 'clipboard-sanitized-write')
  const window = new electron.BrowserWindow(windowOptions(options.preload))
  window.webContents.setWindowOpenHandler(({ url }) => {
    if (isDocumentation(url)) void electron.shell.openExternal(url)
    return { action: 'deny' }
  })
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  window.webContents.on('will-attach-webview', (event) => event.preventDefault())
  handleCalls(electron.ipcMain, service)
  const tell = (name: string, ...args: unknown[]): void => {
    if (!window.isDestroyed()) window.webContents.send(NEWS_CHANNEL, name, args)
  }
  const leave = service.connect({
    onReset: (info, transport) => tell('onReset', info, transport),
    onBatch: (batch) => tell('onBatch', batch),
    onTransport: (transport) => tell('onTransport', transport),
    onTrouble: (trouble) => tell('onTrouble', trouble),
  })
  window.on('closed', leave)
  window.once('ready-to-show', () => window.show())
  await window.loadURL(`${APP_ORIGIN}/index.html`)
  return window
}

/** The one IPC handler: only the app's own top frame may call, and only by the contract. */
export function handleCalls(ipcMain: Pick<Electron.IpcMain, 'handle'>, service: Service): void {
  ipcMain.handle(CALL_CHANNEL, async (event, method: unknown, args: unknown) => {
    const frame = event.senderFrame
    if (!frame || frame.parent !== null || originOf(frame.url) !== APP_ORIGIN) return { ok: false, message: 'the sender is not the app' }
    try {
      return { ok: true, value: await callHost(service, method, args) }
    } catch (error) {
      if (!(error instanceof Error)) throw error
      return { ok: false, message: error instanceof Refusal ? `refused: ${error.message}` : error.message }
    }
  })
}

/** A file of the built page, or 404; nothing outside its folder. */
export async function serveFile(page: string, url: string): Promise<Response> {
  const { host, pathname } = new URL(url)
  const path = normalize(join(page, decodeURIComponent(pathname)))
  const headers = {
    'Content-Type': CONTENT_TYPES.get(extname(path)) ?? 'application/octet-stream',
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'X-Content-Type-Options': 'nosniff',
  }
  if (host !== 'vethlab' || !path.startsWith(page + sep)) return new Response('not found', { status: 404, headers })
  try {
    return new Response(new Uint8Array(await readFile(path)), { headers })
  } catch {
    return new Response('not found', { status: 404, headers })
  }
}

function originOf(url: string): string {
  try {
    const { protocol, host } = new URL(url)
    return `${protocol}//${host}`
  } catch {
    return ''
  }
}

/** Links that may open in the person's browser: documentation, nothing else. */
function isDocumentation(url: string): boolean {
  try {
    const { protocol, hostname } = new URL(url)
    return protocol === 'https:' && ['kubernetes.io', 'man7.org', 'docs.kernel.org', 'www.rfc-editor.org'].includes(hostname)
  } catch {
    return false
  }
}
