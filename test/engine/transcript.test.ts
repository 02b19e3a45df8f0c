/** Whole runs as people see them: the plan on stdout, the progress on stderr, the recap. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Secret } from '../../lib/core/secret.ts'
import { openConsole } from '../../lib/edge/console.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import type { Event } from '../../lib/engine/world.ts'
import { recap } from '../../lib/report/recap.ts'
import { directory } from '../../lib/resources/directory.ts'
import { properties } from '../../lib/resources/properties.ts'
import { requirement } from '../../lib/resources/requirement.ts'
import { unit } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { FakeWorld } from '../../lib/testing.ts'
import { golden } from '../golden.ts'
import { assert, suite } from '../kit.ts'
import { recorded } from '../report/runs.ts'
import { captured } from './captured.ts'
import { gateOf, hosts } from './thing.ts'

const test = suite('engine/transcript')

const settings = (password: string) =>
  properties('/opt/app/app.properties', {
    wanted: { 'server.port': '8848', 'db.password': new Secret(password) },
    template: '',
    secret: (key) => key.includes('password'),
    owner: 'app',
    group: 'app',
    mode: '0600',
  })

/** Two hosts of an application whose steps work; `world` remembers what they have come to. */
function site(world: FakeWorld, password: string): readonly Play[] {
  const nodes = hosts('app1', 'app2')
  const { gate } = gateOf(world, (_look, count) => (count === 1 ? [{ host: 'app1', what: 'is still starting' }] : []))
  const app = () => {
    const inputs = [settings(password)]
    return [
      requirement('disk:/opt/app', {
        probe: [],
        check: () => [],
        warn: () => [{ where: 'disk:/opt/app', what: '900 MB are free', remedy: 'keep an eye on it' }],
      }),
      ...inputs,
      directory('/etc/plinth', { mode: '0700' }),
      ...unit('app', {
        definition:
          '[Service]\nEnvironmentFile=/etc/plinth/app.env\nExecStart=/opt/app/run\n[Install]\nWantedBy=multi-user.target\n',
        runs: inputs.map((one) => inputOf('app', one)),
      }),
    ]
  }
  return [
    play('folders', nodes, () => [directory('/opt/app', { owner: 'app', group: 'app' })]),
    play('app', nodes, app, { serial: 1, gate }),
  ]
}

/** From now on every step on these hosts brings about what it is there for. */
function working(world: FakeWorld, plays: readonly Play[]): void {
  for (const name of ['app1', 'app2']) {
    const host = world.machine(name)
    const [folders, service] = plays.map(({ desired, hosts: [first] }) => desired(first!, {} as never))
    const inputs = /PLINTH_INPUTS=\w+/
    const become = (question: string, text: string) => () => {
      host.answer(question, text)
      return undefined
    }
    host.on('make directory /opt/app', become('stat:/opt/app', 'directory|755|app|app|4096'))
    host.on('make directory /etc/plinth', become('stat:/etc/plinth', 'directory|700|root|root|4096'))
    const written = (path: string, stat: string) =>
      host.on(`write ${path}`, (step) => {
        host.answer(`stat:${path}`, stat)
        host.answer(`content:${path}`, Buffer.from(step.input ?? '').toString('base64'))
        const [plan] = [...folders!, ...service!].filter(({ id }) => id === `file:${path}`)
        if (plan)
          host.answer(
            `hash:${path}`,
            createHash('sha256')
              .update(step.input ?? '')
              .digest('hex'),
          )
        const digest = inputs.exec(String(step.input))?.[0]
        if (digest) next = digest
        return undefined
      })
    let next = ''
    written('/opt/app/app.properties', 'regular file|600|app|app|60')
    written('/etc/systemd/system/app.service', 'regular file|644|root|root|60')
    written('/etc/plinth/app.env', 'regular file|600|root|root|60')
    host.on('set db.password in /opt/app/app.properties', (step) => {
      host.answer('content:/opt/app/app.properties', Buffer.from(step.input ?? '').toString('base64'))
      return undefined
    })
    const started = () => {
      host.answer(
        'unit:app.service',
        `LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\nMainPID=7\n${next}`,
      )
      return undefined
    }
    for (const say of ['start app.service', 'restart app.service']) host.on(say, started)
  }
}

/** One run and what is seen of it. */
async function seen(title: string, world: FakeWorld, plays: readonly Play[], check = false): Promise<string> {
  const text = await captured(async () => {
    const screen = openConsole({ json: false, check, verbosity: 0, diff: false }, null)
    const told = (event: Event): void => screen.report(event)
    screen.result(recap(await recorded(plays, world, { check, seconds: 12.34, told })))
    screen.end()
  })
  return `$ ${title}\n${text}\n`
}

test('empty, converged, drifted, changed and failing hosts', async () => {
  const world = new FakeWorld()
  const plays = site(world, 'hunter2')
  working(world, plays)
  const parts = [
    await seen('site.ts --check, empty hosts', world, plays, true),
    await seen('site.ts, empty hosts', world, plays),
    await seen('site.ts, again', world, plays),
  ]
  world.machine('app2').answer('stat:/opt/app', 'directory|777|nobody|app|4096')
  parts.push(await seen('site.ts --check, one host with another mode and owner', world, plays, true))
  parts.push(await seen('site.ts, and what is set does not stay', world, plays))
  world.machine('app2').answer('stat:/opt/app', 'directory|755|app|app|4096')
  parts.push(await seen('site.ts, a new password', world, site(world, 'hunter3')))
  world.machine('app1').fail('restart app.service', 1, 'Job for app.service failed.\nSee "journalctl -xeu app".')
  parts.push(await seen('site.ts, another one, and a restart that fails', world, site(world, 'hunter4')))
  world.cutOff('app2')
  parts.push(await seen('site.ts, a host that is away', world, plays))
  const text = parts.join('\n')
  assert.not(text.includes('hunter'), 'no secret is shown')
  golden(join(import.meta.dirname, 'golden/site.txt'), text)
})

test.run()
