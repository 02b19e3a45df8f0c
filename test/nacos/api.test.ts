import { reveal, Secret } from '../../lib/core/secret.ts'
import {
  api,
  type Request,
  readConfig,
  readInstances,
  readNamingUp,
  readReadiness,
  readToken,
} from '../../lib/nacos/api.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/api')

const two = api(parseVersion('2.2.4'))
const three = api(parseVersion('3.0.3'))
const config = { dataId: 'd', group: 'g' }
const instance = { serviceName: 's', ip: '10.0.0.9', port: 80, ephemeral: false }
const password = new Secret('p&w')

/** Method, path and form in 2.x; the same in 3.x. */
const requests: readonly [string, Request, string, Request, string][] = [
  ['members', two.members(), 'GET /v1/core/cluster/nodes', three.members(), 'GET /v3/admin/core/cluster/node/list'],
  [
    'readiness',
    two.readiness(),
    'GET /v1/console/health/readiness',
    three.readiness(),
    'GET /v3/admin/core/state/readiness',
  ],
  [
    'liveness',
    two.liveness(),
    'GET /v1/console/health/liveness',
    three.liveness(),
    'GET /v3/admin/core/state/liveness',
  ],
  ['naming', two.namingMetrics(), 'GET /v1/ns/operator/metrics', three.namingMetrics(), 'GET /v3/admin/ns/ops/metrics'],
  [
    'login',
    two.login('nacos', password),
    'POST /v1/auth/login username=nacos&password=p%26w',
    three.login('nacos', password),
    'POST /v3/auth/user/login username=nacos&password=p%26w',
  ],
  [
    'publish',
    two.publishConfig({ ...config, tenant: 't' }, '中 文'),
    'POST /v1/cs/configs dataId=d&group=g&tenant=t&content=%E4%B8%AD+%E6%96%87&type=text',
    three.publishConfig({ ...config, tenant: 't' }, 'x'),
    'POST /v3/admin/cs/config dataId=d&groupName=g&namespaceId=t&content=x&type=text',
  ],
  [
    'read',
    two.config({ dataId: 'a b', group: 'g' }),
    'GET /v1/cs/configs?dataId=a+b&group=g',
    three.config(config),
    'GET /v3/client/cs/config?dataId=d&groupName=g',
  ],
  [
    'delete',
    two.deleteConfig(config),
    'DELETE /v1/cs/configs?dataId=d&group=g',
    three.deleteConfig(config),
    'DELETE /v3/admin/cs/config?dataId=d&groupName=g',
  ],
  [
    'register',
    two.registerInstance(instance),
    'POST /v1/ns/instance serviceName=s&ip=10.0.0.9&port=80&ephemeral=false',
    three.registerInstance(instance),
    'POST /v3/client/ns/instance serviceName=s&ip=10.0.0.9&port=80&ephemeral=false',
  ],
  [
    'deregister',
    two.deleteInstance(instance),
    'DELETE /v1/ns/instance?serviceName=s&ip=10.0.0.9&port=80&ephemeral=false',
    three.deleteInstance(instance),
    'DELETE /v3/client/ns/instance?serviceName=s&ip=10.0.0.9&port=80&ephemeral=false',
  ],
  [
    'list',
    two.instances('s'),
    'GET /v1/ns/instance/list?serviceName=s',
    three.instances('s'),
    'GET /v3/client/ns/instance/list?serviceName=s',
  ],
]
const shown = ({ method, path, form }: Request): string => {
  assert.ok(path.startsWith('/nacos/'))
  return `${method} ${path.slice('/nacos'.length)}${form ? ` ${new URLSearchParams(Object.entries(form).map(([key, value]): [string, string] => [key, reveal(value)]))}` : ''}`
}
for (const [name, old, oldText, young, youngText] of requests)
  test(name, () => assert.equal([shown(old), shown(young)], [oldText, youngText]))

test('a token goes into a header, as a secret', () => {
  const { headers, path } = api(parseVersion('2.2.4'), new Secret('abc')).members()
  assert.is((headers.Authorization as Secret).reveal(), 'Bearer abc')
  assert.not.ok(path.includes('abc') || JSON.stringify(headers).includes('abc'))
  assert.equal(two.members().headers, {})
})

const ready: readonly [number, string, string | undefined][] = [
  [200, 'OK', undefined],
  [200, '{"code":0,"message":"success","data":"ok"}', undefined],
  [200, '{"code":30000,"message":"naming not in readiness","data":null}', 'naming not in readiness'],
  [500, 'Config is not in readiness', 'Config is not in readiness'],
  [500, '', 'HTTP 500'],
  [503, '{"code":0}', '{"code":0}'],
]
for (const [status, body, expected] of ready)
  test(`readiness ${status} ${body}`, () => assert.is(readReadiness(status, body), expected))

const naming: readonly [number, string, string | undefined][] = [
  [200, '{"status":"UP"}', undefined],
  [200, '{"code":0,"data":{"status":"UP"}}', undefined],
  [200, '{"status":"DOWN"}', '{"status":"DOWN"}'],
  [503, 'server is DOWN now, please try again later!', 'server is DOWN now, please try again later!'],
]
for (const [status, body, expected] of naming)
  test(`naming ${status} ${body}`, () => assert.is(readNamingUp(status, body), expected))

const tokens: readonly [number, string, string | undefined][] = [
  [200, '{"accessToken":"t","tokenTtl":18000,"globalAdmin":true}', 't'],
  [200, '{"code":0,"data":{"accessToken":"t"}}', 't'],
  [403, '{"accessToken":"t"}', undefined],
  [200, '{"accessToken":""}', undefined],
  [200, 'null', undefined],
  [401, 'User not found', undefined],
]
for (const [status, body, expected] of tokens)
  test(`token ${status} ${body}`, () => assert.is(readToken(status, body), expected))

const configs: readonly [string, number, string, string | undefined][] = [
  ['2.2.4', 200, '{"data":"as it is"}', '{"data":"as it is"}'],
  ['2.2.4', 404, 'config data not exist', undefined],
  ['3.0.3', 200, '{"code":0,"data":{"content":"x"}}', 'x'],
  ['3.0.3', 200, '{"code":0,"data":"x"}', 'x'],
  ['3.0.3', 200, '{"code":20004,"data":null}', undefined],
]
for (const [version, status, body, expected] of configs)
  test(`config of ${version} ${status} ${body}`, () =>
    assert.is(readConfig(parseVersion(version), status, body), expected))

const lists: readonly [number, string, readonly string[]][] = [
  [200, '{"hosts":[{"ip":"b","port":2},{"ip":"a","port":1}]}', ['a:1', 'b:2']],
  [200, '{"code":0,"data":[{"ip":"a","port":1}]}', ['a:1']],
  [200, '{"code":0,"data":{"hosts":[{"ip":"a","port":1}]}}', ['a:1']],
  [200, '{"hosts":[]}', []],
  [403, '{"hosts":[{"ip":"a","port":1}]}', []],
  [200, 'nonsense', []],
]
for (const [status, body, expected] of lists)
  test(`instances ${status} ${body}`, () => assert.equal(readInstances(status, body), expected))

test.run()
