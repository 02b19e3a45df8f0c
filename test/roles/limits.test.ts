/** The example of docs/testing.md: a role tested without a host, and on a folder that is one. */
import { roleTest } from '../../lib/testing.ts'
import { limits } from '../../roles/limits.ts'
import { suite } from '../kit.ts'

const test = suite('limits')
const path = '/etc/security/limits.d/50-app.conf'

roleTest(test, limits, {
  params: { user: 'app', open_files: 65_535, processes: 8192 },
  right: {
    [`stat:${path}`]: 'regular file|644|root|root|36',
    // sha256sum of what the role writes, made by hand.
    [`hash:${path}`]: '8903efda4ebd070d862d82de16825a89e29ffabe9cb0c94b23b3f830af9e33f4',
  },
  drifts: { [`file:${path}`]: { [`hash:${path}`]: 'another' } },
})

test.run()
