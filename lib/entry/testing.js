/** `import … from 'plinth/testing'`: what lib/testing.ts exports, from the bundle. */
import { library } from './library.js'

export const { FakeChannel, FakeWorld, canned, factsText, fakeHost, hostTest, plainFacts, roleTest, run, shellHost } =
  library.testing
