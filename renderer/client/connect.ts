import { browserClient } from './browser.ts'
import { desktopClient, type DesktopBridge } from './desktop.ts'
import type { HostClient } from './host-client.ts'

declare global {
  interface Window {
    vethlabHost?: DesktopBridge
  }
}

export async function connect(): Promise<HostClient> {
  if (import.meta.env.DEV && new URLSearchParams(location.search).has('fake')) {
    const { fakeClient } = await import('../dev/fake-host.ts')
    return fakeClient()
  }
  return window.vethlabHost === undefined ? browserClient() : desktopClient(window.vethlabHost)
}
