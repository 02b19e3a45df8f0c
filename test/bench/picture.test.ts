import { ratioPicture, scalePicture } from '../../bench/picture.ts'
import { figures } from '../../bench/results.ts'
import { assert, suite } from '../kit.ts'
import { contest, run } from './runs.ts'

const test = suite('picture')

interface Bar {
  readonly x: number
  readonly width: number
  readonly colour: string
}

const colours = { plinth: '#0072b2', ansible: '#cc79a7' }
const bars = (svg: string, colour: string): readonly Bar[] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="11" fill="(#\w+)"/g)]
    .map(([, x, width, fill = '']) => ({ x: Number(x), width: Number(width), colour: fill }))
    .filter((bar) => bar.colour === colour)

test('a bar goes from the floor to the ratio, on a logarithmic scale', () => {
  const svg = ratioPicture(
    figures([run({ wall_s: 1 }), run({ contender: 'plinth', wall_s: 2 }), run({ contender: 'ansible', wall_s: 4 })]),
  )
  const [plinth] = bars(svg, colours.plinth)
  const [ansible] = bars(svg, colours.ansible)
  assert.ok(plinth && ansible)
  assert.is(plinth.x, ansible.x)
  // Four times is twice as far as two times.
  assert.ok(Math.abs(ansible.width - 2 * plinth.width) < 0.3)
})

test('faster than the floor goes to the left of it', () => {
  const svg = ratioPicture(
    figures([run({ wall_s: 1 }), run({ contender: 'plinth', wall_s: 0.5 }), run({ contender: 'ansible', wall_s: 2 })]),
  )
  const [plinth] = bars(svg, colours.plinth)
  const [ansible] = bars(svg, colours.ansible)
  assert.ok(plinth && ansible)
  assert.ok(Math.abs(plinth.x + plinth.width - ansible.x) < 0.3)
  const label = /<text x="([\d.]+)" y="[\d.]+" text-anchor="start">0.5</.exec(svg)
  assert.ok(Number(label?.[1]) > ansible.x, 'its figure is not in the way of the name of its row')
})

test('every number of hosts and delay has a panel; the floor itself and its variants have no bar', () => {
  const far = [run({ rtt_ms: 20 }), run({ rtt_ms: 20, contender: 'plinth' }), run({ contender: 'true' })]
  const many = [run({ n: 10 }), run({ n: 10, contender: 'plinth' })]
  const svg = ratioPicture(figures([...contest, ...far, ...many]))
  for (const title of ['>3 hosts<', '>3 hosts, 20 ms away<', '>10 hosts<']) assert.match(svg, title)
  assert.is([...svg.matchAll(/height="11"/g)].length, 4)
})

test('the curve over endpoints goes through every number', () => {
  const points = [1, 10, 1000].map((n) => run({ job: 'scale', contender: 'plinth', n, wall_s: n / 20, cpu_s: n / 100 }))
  const svg = scalePicture(figures([...contest, ...points]))
  assert.is([...svg.matchAll(/<circle /g)].length, 6)
  assert.match(svg, '>1000<')
  assert.match(scalePicture(figures(contest)), /^<svg /)
})

test('no figure is broken', () => {
  const faster = run({ contender: 'plinth', n: 30, wall_s: 0.1 })
  const svg =
    ratioPicture(figures([...contest, run({ n: 30 }), faster])) +
    scalePicture(figures([run({ job: 'scale', contender: 'plinth', n: 1 })]))
  assert.not.match(svg, /NaN|undefined|Infinity/)
})

test.run()
