/** The desktop page's only door to the host: one object with one method to ask and one to listen, over two IPC channels. */
import { contextBridge, ipcRenderer } from 'electron'
import type { PageApi } from './contract.ts'

export const CALL_CHANNEL = 'vethlab:call'
export const NEWS_CHANNEL = 'vethlab:news'

type Answer = { ok: true; value: unknown } | { ok: false; message: string }

contextBridge.exposeInMainWorld('vethlabHost', {
  async call(method: string, args: unknown[]): Promise<unknown> {
    const answer = (await ipcRenderer.invoke(CALL_CHANNEL, method, args)) as Answer
    if (!answer.ok) throw new Error(answer.message)
    return answer.value
  },
  listen(hear: (name: keyof PageApi, args: unknown[]) => void): () => void {
    const listener = (_event: unknown, name: keyof PageApi, args: unknown[]): void => hear(name, args)
    ipcRenderer.on(NEWS_CHANNEL, listener)
    return () => ipcRenderer.off(NEWS_CHANNEL, listener)
  },
})
