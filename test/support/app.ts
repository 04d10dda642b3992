/** The app in a real browser: starts a host on a fresh data folder, opens the page, and fails on any error that the page prints. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron, type Browser, type BrowserContext, chromium, type ElectronApplication, type Page } from 'playwright-core'
import { findElectron } from '../../main/electron-binary.ts'
import { BROWSER_ARGS, findBrowser } from './browser.ts'
import { type HostProcess, startHost } from './host-process.ts'
import { ROOT } from './sources.ts'

export const ARTIFACTS = join(ROOT, 'test', '.artifacts')

export interface AppOptions {
  /** Electron's own window where its binary is; else the browser host with Chromium. */
  host?: 'browser' | 'desktop'
  width?: number
  height?: number
  dark?: boolean
  language?: string
}

export class App {
  readonly data: string
  readonly complaints: string[] = []
  page!: Page
  #host: HostProcess | null = null
  #desktop: ElectronApplication | null = null
  #browser: Browser | null = null
  #context: BrowserContext | null = null

  static async start(options: AppOptions = {}): Promise<App> {
    const app = new App(mkdtempSync(join(tmpdir(), 'vethlab-e2e-')))
    mkdirSync(ARTIFACTS, { recursive: true })
    if (options.host === 'desktop') {
      await app.#openDesktop()
      return app
    }
    const executablePath = await findBrowser()
    if (!executablePath) throw new Error('no browser was found')
    app.#browser = await chromium.launch({ executablePath, args: BROWSER_ARGS.filter((arg) => arg !== '--headless') })
    app.#context = await app.#browser.newContext({
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      colorScheme: options.dark === false ? 'light' : 'dark',
      locale: options.language ?? 'en-US',
    })
    app.#host = await startHost(app.data)
    await app.open()
    return app
  }

  private constructor(data: string) {
    this.data = data
  }

  /** Opens the page anew, as a person who follows the printed address does. */
  async open(): Promise<void> {
    await this.page?.close()
    if (!this.#context || !this.#host) throw new Error('the browser is not started')
    this.#watch(await this.#context.newPage())
    await this.page.goto(this.#host.url)
  }

  /** Kills the host, as a crash would, and starts it again on the same data. */
  async restart(): Promise<void> {
    if (this.#desktop) {
      this.#desktop.process().kill('SIGKILL')
      await this.#openDesktop()
      return
    }
    await this.#host?.kill()
    this.#host = await startHost(this.data)
    await this.open()
  }

  async #openDesktop(): Promise<void> {
    const executablePath = findElectron()
    if (!executablePath) throw new Error("Electron's binary is not here")
    this.#desktop = await _electron.launch({ executablePath, args: [ROOT, '--no-sandbox'], env: { ...process.env, VETHLAB_DATA: this.data } as Record<string, string> })
    this.#watch(await this.#desktop.firstWindow())
  }

  #watch(page: Page): void {
    this.page = page
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error' && !/WebSocket|ERR_CONNECTION|net::/.test(message.text())) this.complaints.push(message.text())
    })
  }

  by(testId: string): ReturnType<Page['locator']> {
    return this.page.locator(`[data-testid="${testId}"]`)
  }

  /** Types into the terminal that is shown, as on a keyboard. */
  async type(title: string, line: string): Promise<void> {
    await this.by(`terminal-${title}`).click()
    await this.page.keyboard.type(line)
    await this.page.keyboard.press('Enter')
  }

  /** Text of a terminal's screen, without the blanks at the ends of its lines. */
  async screen(title: string): Promise<string> {
    return (await this.by(`terminal-${title}`).innerText()).replaceAll('\u00a0', ' ').replace(/ +$/gm, '')
  }

  async waitForScreen(title: string, pattern: RegExp, timeoutMs = 30_000): Promise<void> {
    const endMs = Date.now() + timeoutMs
    for (;;) {
      const text = await this.screen(title)
      if (pattern.test(text)) return
      if (Date.now() > endMs) throw new Error(`waited for ${pattern} in the terminal ${title}, which shows:\n${text}`)
      await this.page.waitForTimeout(60)
    }
  }

  async shot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(ARTIFACTS, `${name}.png`) })
  }

  async end(): Promise<void> {
    await this.#desktop?.close().catch(() => {})
    await this.#browser?.close()
    await this.#host?.end().catch(() => {})
    rmSync(this.data, { recursive: true, force: true })
  }
}
