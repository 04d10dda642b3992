import { HOST_METHODS, type HostApi, type PageApi } from '../../preload/contract.ts'
import type { HostClient } from './host-client.ts'

/** What the preload script puts on `window`. */
export interface DesktopBridge {
  call(method: string, args: unknown[]): Promise<unknown>
  /** Every call of the host to the page, as method and arguments. */
  listen(handler: (method: string, args: unknown[]) => void): void
}

export function desktopClient(bridge: DesktopBridge): HostClient {
  const api = Object.fromEntries(
    HOST_METHODS.map((method) => [method, (...args: unknown[]) => bridge.call(method, args)]),
  ) as unknown as HostApi
  return {
    api,
    listen(page: PageApi) {
      bridge.listen((method, args) => {
        const handler = page[method as keyof PageApi] as ((...args: unknown[]) => void) | undefined
        handler?.apply(page, args)
      })
    },
    onLost() {},
  }
}
