/** The app in a real browser: starts a host on a fresh data folder, opens the page, and fails on any error that the page prints. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { BROWSER_ARGS, findBrowser } from './browser.ts'
import { type HostProcess, startHost } from './host-process.ts'
import { ROOT } from './sources.ts'

export const ARTIFACTS = join(ROOT, 'test', '.artifacts')

export class App {
  readonly data: string
  readonly complaints: string[] = []
  host!: HostProcess
  page!: Page
  #browser!: Browser
  #context!: BrowserContext

  static async start(options: { width?: number; height?: number; dark?: boolean; language?: string } = {}): Promise<App> {
    const app = new App(mkdtempSync(join(tmpdir(), 'vethlab-e2e-')))
    mkdirSync(ARTIFACTS, { recursive: true })
    const executablePath = await findBrowser()
    if (!executablePath) throw new Error('no browser was found')
    app.#browser = await chromium.launch({ executablePath, args: BROWSER_ARGS.filter((arg) => arg !== '--headless') })
    app.#context = await app.#browser.newContext({
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      colorScheme: options.dark === false ? 'light' : 'dark',
      locale: options.language ?? 'en-US',
    })
    app.host = await startHost(app.data)
    await app.open()
    return app
  }

  private constructor(data: string) {
    this.data = data
  }

  /** Opens the page anew, as a person who follows the printed address does. */
  async open(): Promise<void> {
    await this.page?.close()
    this.page = await this.#context.newPage()
    this.page.setDefaultTimeout(20_000)
    this.page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`))
    this.page.on('console', (message) => {
      if (message.type() === 'error' && !/WebSocket|ERR_CONNECTION|net::/.test(message.text())) this.complaints.push(message.text())
    })
    await this.page.goto(this.host.url)
  }

  async restart(): Promise<void> {
    await this.host.kill()
    this.host = await startHost(this.data)
    await this.open()
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

  /** Text of a terminal's screen. */
  async screen(title: string): Promise<string> {
    return (await this.by(`terminal-${title}`).innerText()).replaceAll('\u00a0', ' ')
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
    await this.#browser?.close()
    await this.host?.end().catch(() => {})
    rmSync(this.data, { recursive: true, force: true })
  }
}
