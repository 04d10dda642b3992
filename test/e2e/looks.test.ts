/** Both themes, both languages, three sizes: nothing overflows, nothing is left untranslated, and a picture of each is kept to be looked at. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { App } from '../support/app.ts'
import { findBrowser } from '../support/browser.ts'

const browser = await findBrowser()
const VIEWS = [
  { name: 'dark-1440', width: 1440, height: 900, dark: true, language: 'en-US' },
  { name: 'light-1280', width: 1280, height: 800, dark: false, language: 'en-US' },
  { name: 'chinese-1920', width: 1920, height: 1080, dark: true, language: 'zh-CN' },
  { name: 'chinese-light-1280', width: 1280, height: 800, dark: false, language: 'zh-CN' },
] as const

for (const view of VIEWS) {
  describe.skipIf(!browser)(view.name, () => {
    let app: App
    beforeAll(async () => {
      app = await App.start(view)
    })
    afterAll(async () => {
      await app?.end()
    })

    test('start screen and workbench fit the window', async () => {
      await app.by('start-screen').waitFor()
      await app.shot(`${view.name}-start`)
      await app.by('lab-01-pods/01-two-pods').click()
      await app.by('workbench').waitFor()
      await app.waitForScreen('workstation', /\$/)
      await app.type('workstation', 'kubectl apply -f pods.yaml')
      await app.waitForScreen('workstation', /pod\/c created/)
      await app.type('workstation', 'kubectl wait --for=condition=Ready pod/a pod/b pod/c')
      await app.waitForScreen('workstation', /pod\/c condition met/)
      await app.shot(`${view.name}-workbench`)
      const overflow = await app.page.evaluate(() => [
        document.documentElement.scrollWidth - innerWidth,
        document.documentElement.scrollHeight - innerHeight,
      ])
      expect(overflow.map((pixels) => Math.max(0, pixels))).toEqual([0, 0])
    })

    test('its language is everywhere', async () => {
      const guide = await app.by('lab-guide').innerText()
      expect(/[一-鿿]/.test(guide)).toBe(view.language === 'zh-CN')
      const lang = await app.page.locator('html').getAttribute('lang')
      expect(lang?.slice(0, 2)).toBe(view.language.slice(0, 2))
      expect(app.complaints).toEqual([])
    })
  })
}
