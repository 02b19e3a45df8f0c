/** Headless Chromium, for pages that people look at. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Suite } from '../kit.ts'

const programs = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']

/** A page as it was opened, and whatever went wrong or was asked of a network meanwhile. */
export interface Opened {
  readonly page: Page
  readonly complaints: readonly string[]
}

/** One browser for a test file; it and its files go with the last test. */
export function browser(test: Suite): (html: string, options?: BrowserContextOptions) => Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-pages-'))
  let running: Browser
  let number = 0
  test.before(async () => {
    const executablePath = programs.find((path) => existsSync(path))
    if (!executablePath) throw new Error('Chromium is missing: apt-get install chromium-headless-shell')
    running = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
  })
  test.after(async () => {
    await running?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return async (html, options) => {
    const path = join(folder, `${number++}.html`)
    writeFileSync(path, html)
    const page = await (await running.newContext(options)).newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(path).href) complaints.push(`asked for ${request.url()}`)
    })
    await page.goto(pathToFileURL(path).href)
    return { page, complaints }
  }
}
