/** Finds a Chromium: `CHROME_PATH`, the system's, or the one that comes with the optional dependencies. */
import { existsSync } from 'node:fs'
import { spawnSync } from 'node:child_process'

const PLACES = [
  '/usr/bin/chromium', '/usr/bin/chromium-headless-shell', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** What a headless Chromium needs in a sandbox without a network or a screen. */
export const BROWSER_ARGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
]

/** Path of a browser that starts, or null. */
export async function findBrowser(): Promise<string | null> {
  const wanted = process.env['CHROME_PATH']
  for (const path of [...(wanted ? [wanted] : []), ...PLACES]) if (existsSync(path) && starts(path)) return path
  try {
    const { default: chromium } = (await import('@sparticuz/chromium' as string)) as { default: { executablePath(): Promise<string> } }
    const path = await chromium.executablePath()
    return starts(path) ? path : null
  } catch {
    return null
  }
}

function starts(path: string): boolean {
  return spawnSync(path, ['--version', '--no-sandbox'], { stdio: 'ignore', timeout: 20_000 }).status === 0
}
