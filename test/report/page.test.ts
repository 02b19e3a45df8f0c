/** The page in a real browser: nothing runs or is loaded, everybody can read it, on every screen and on paper. */
import axe from 'axe-core'
import { junit } from '../../lib/report/junit.ts'
import { page as pageOf } from '../../lib/report/page.ts'
import type { Ended, Run } from '../../lib/report/run.ts'
import { assert, suite } from '../kit.ts'
import { browser } from './browser.ts'
import { performed, recorded } from './runs.ts'
import { drawn, type Example, failing, procedure, rolling, wide } from './sites.ts'

const test = suite('report/page')
const open = browser(test)
const over = ({ world, plays }: Example, check = false): Promise<Run> => recorded(plays, world, { check })
const slow = { timeout: 60 }

const through = (stuck: boolean, check = false): Promise<Ended> => {
  const { world, procedure: whole } = procedure(stuck)
  return performed(whole, world, { check })
}

const runs: Readonly<Record<string, () => Promise<Ended>>> = {
  'a run that went well': () => over(rolling()),
  'a check': () => over(rolling(), true),
  'a run that failed': () => over(failing()),
  'a host that is away': () => over(failing(true)),
  'a hundred hosts': () => over(wide(100, 20)),
  'a cluster that is not well': () => over(drawn(true)),
  'a procedure': () => through(false),
  'a procedure that failed': () => through(true),
}

for (const [name, make] of Object.entries(runs)) {
  // In both colours only where all of them are seen.
  for (const colorScheme of ['a run that failed', 'a cluster that is not well'].includes(name)
    ? (['light', 'dark'] as const)
    : (['light'] as const)) {
    test(
      `${name}, ${colorScheme}: nothing is loaded or run, nothing is hidden from anybody, no screen is too narrow`,
      async () => {
        const { page, complaints } = await open(pageOf(await make()), {
          colorScheme,
          viewport: { width: 360, height: 800 },
        })
        const sideways = (): Promise<boolean> =>
          page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
        assert.not(await sideways(), 'it is wider than a telephone')
        await page.setViewportSize({ width: 1200, height: 900 })
        assert.not(await sideways())
        assert.equal(complaints, [])
        await page.evaluate(axe.source)
        const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as axe.AxeResults
        assert.equal(
          violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary}`),
          [],
        )
        await page.context().close()
      },
      slow,
    )
  }
}

test(
  'what a host says is text',
  async () => {
    const { page, complaints } = await open(pageOf(await over(failing())))
    assert.match(await page.title(), /^✗ playbooks\/site\.ts$/)
    assert.equal(complaints, [])
    assert.is(await page.locator('script, img, iframe, link, object').count(), 0)
    const stderr = (await page.locator('pre[aria-label=stderr]').textContent()) ?? ''
    for (const piece of ['\\x1b[31m</pre><script>document.title="owned"</script>', '没有空间', 'last line'])
      assert.ok(stderr.includes(piece), stderr)
    await page.context().close()
  },
  slow,
)

test(
  'scripts and styles of somebody else would not run, were they there',
  async () => {
    const html = pageOf(await over(rolling())).replace(
      '</main>',
      '<script>document.title = "owned"</script><style>h1{display:none}</style><img src="https://192.0.2.1/x"></main>',
    )
    const { page, complaints } = await open(html)
    assert.not((await page.title()).includes('owned'))
    assert.ok(await page.locator('h1').isVisible())
    assert.is(complaints.filter((text) => text.includes('Content Security Policy')).length, 3, complaints.join('\n'))
    await page.context().close()
  },
  slow,
)

test(
  'the outcome is at the top, and a failure tells all that is known of it',
  async () => {
    const { page } = await open(pageOf(await over(failing())))
    assert.is(await page.locator('h1').textContent(), '✗ Failed on 1 of 3 hosts after 37.5 s.')
    const failure = (await page.locator('.failure').textContent()) ?? ''
    for (const piece of [
      'nacos2',
      'thing:service',
      'make service',
      'exit code',
      'write /etc/app/password.conf',
      'npx tsx',
    ])
      assert.ok(failure.includes(piece), piece)
    await page.context().close()
  },
  slow,
)

test(
  'the time line has a lane for each host and each gate, a failure shows',
  async () => {
    const { page } = await open(pageOf(await over(failing())))
    const lanes = await page
      .locator('.lane svg[role=img]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))
    assert.equal(lanes, [
      'all is well: waited 5.0 s in 1 look',
      '节点一: 6 steps from 0.0 s to 28 s',
      'nacos2: 6 steps from 0.0 s to 38 s, failed: make service',
      'nacos3: 4 steps from 0.0 s to 27 s',
    ])
    const bad = await page.locator('.lane path.bad').boundingBox()
    assert.ok(bad && bad.width > 10, JSON.stringify(bad))
    await page.context().close()
  },
  slow,
)

test(
  'a cluster is shown with its members: who leads, and how each is seen by whom, as the gate saw them last',
  async () => {
    const { page } = await open(pageOf(await over(drawn(true))))
    const cards = await page.locator('.members li').allInnerTexts()
    const words = cards.map((text) => text.split(/\s*\n\s*/).join(' | '))
    assert.equal(words, [
      'nacos1 ✓ UP | 10.0.0.1:8848 · 2.2.4 | leads | ★\u00a0naming_instance_metadata | ★\u00a0naming_persistent_service_v2 | seen | UP by nacos1, nacos2',
      'nacos2 ✗ SUSPICIOUS | 10.0.0.2:8848 · 2.2.4 | leads | ★\u00a0naming_service_metadata | seen | SUSPICIOUS by nacos1 | UP by nacos2',
      'nacos3 ✗ DOWN | 10.0.0.3:8848 | seen | DOWN by nacos1, nacos2',
      '10.0.0.9:8848 ✗ UP, not in the inventory | 2.2.4 | seen | UP by nacos1, nacos2',
    ])
    assert.match((await page.locator('#cluster').textContent()) ?? '', /4 members, 1 well, as the gate saw them last/)
    await page.context().close()
    const { page: well } = await open(pageOf(await over(drawn(false))))
    assert.match((await well.locator('#cluster').textContent()) ?? '', /3 members, all well, as the gate saw them last/)
    assert.is(await well.locator('.members li.down').count(), 0)
    await well.context().close()
  },
  slow,
)

test(
  'a procedure is shown by its actions',
  async () => {
    const { page } = await open(pageOf(await through(true)))
    assert.match(
      (await page.locator('h1').textContent()) ?? '',
      /^✗ stop <the> plant: failed at "shut b" after 6\.0 s\.$/,
    )
    const rows = await page.locator('#actions tbody tr').allInnerTexts()
    assert.equal(
      rows.map((row) => row.split('\t').map((cell) => cell.trim())),
      [
        ['shut a', 'h1', '● done', 'a is shut', '3.0 s'],
        ['shut b', 'h2', '✗ failed', '"turn b" ended with exit code 1', ''],
        ['wait until it is cold', '-', '○ not known yet', 'known once "shut b" is done', ''],
      ],
    )
    assert.is(await page.locator('.failure').count(), 1)
    assert.is(await page.locator('#notes').count(), 0)
    await page.context().close()
    const { page: well } = await open(pageOf(await through(false)))
    assert.is(await well.locator('#notes p').textContent(), 'It stays cold.')
    await well.context().close()
  },
  slow,
)

test(
  'the plan opens by keyboard',
  async () => {
    const { page } = await open(pageOf(await over(rolling(), true)))
    const item = page.locator('.plan details').first()
    assert.not(await item.locator('ul').isVisible())
    await item.locator('summary').focus()
    await page.keyboard.press('Enter')
    assert.ok(await item.locator('ul').isVisible())
    assert.match((await item.textContent()) ?? '', /state: new/)
    await page.keyboard.press('Tab')
    assert.is(await page.evaluate('document.activeElement.tagName'), 'SUMMARY')
    await page.context().close()
  },
  slow,
)

test(
  'on paper nothing is folded',
  async () => {
    const { page } = await open(pageOf(await over(rolling(), true)))
    const shown = (): Promise<boolean> =>
      page
        .locator('.plan details ul')
        .first()
        .evaluate(
          (one) => one.checkVisibility({ contentVisibilityAuto: true }) && one.getBoundingClientRect().height > 0,
        )
    assert.not(await shown())
    await page.emulateMedia({ media: 'print' })
    assert.ok(await shown())
    await page.context().close()
  },
  slow,
)

test(
  'the JUnit results are well-formed XML',
  async () => {
    const { page } = await open('<!doctype html><title>x</title>')
    for (const make of Object.values(runs)) {
      const found = (await page.evaluate(`{
        const parsed = new DOMParser().parseFromString(${JSON.stringify(junit(await make()))}, 'application/xml')
        const problem = parsed.querySelector('parsererror')
        const root = parsed.documentElement
        ;[problem ? problem.textContent : '', root.getAttribute('tests'), String(root.querySelectorAll('testcase').length)]
      }`)) as readonly string[]
      assert.is(found[0], '')
      assert.is(found[1], found[2])
    }
    await page.context().close()
  },
  slow,
)

test.run()
