import { api, type PersistentInstance } from '../../lib/nacos/api.ts'
import { instanceText, readClusters, readPersistent, readServices } from '../../lib/nacos/persistent.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/persistent')
const key = { namespace: 'public', group: 'g1', service: 'pers' }
const instance: PersistentInstance = {
  ...key,
  ip: '1.2.3.4',
  port: 80,
  cluster: 'DEFAULT',
  weight: 2,
  enabled: false,
  metadata: { a: 'b' },
}

/** As 2.2.4 answers. */
const listed = JSON.stringify({
  list: [
    {
      ip: '1.2.3.4',
      port: 80,
      weight: 2.0,
      healthy: true,
      enabled: false,
      ephemeral: false,
      clusterName: 'DEFAULT',
      metadata: { a: 'b' },
    },
    {
      ip: '1.2.3.5',
      port: 80,
      weight: 1.0,
      healthy: true,
      enabled: true,
      ephemeral: true,
      clusterName: 'DEFAULT',
      metadata: {},
    },
  ],
  count: 2,
})

test('services of every group, 2.x and 3.x', () => {
  const two = '{"count":1,"serviceList":[{"name":"pers","groupName":"g1","clusterCount":0,"ipCount":1}]}'
  assert.equal(readServices('public', 200, two), [key])
  assert.equal(readServices('public', 200, '{"code":0,"data":{"pageItems":[{"name":"pers","groupName":"g1"}]}}'), [key])
  assert.equal(readServices('public', 200, '{"count":0,"serviceList":[]}'), [])
  assert.is(readServices('public', 403, '{}'), undefined)
  assert.is(readServices('public', 200, 'oops'), undefined)
})

test('persistent instances with all they say, disabled ones too; ephemeral ones are left out', () => {
  assert.equal(readPersistent(key, 200, listed), [instance])
  const three = JSON.stringify({ code: 0, data: (JSON.parse(listed) as { list: unknown }).list })
  assert.equal(readPersistent(key, 200, three), [instance])
  assert.is(readPersistent(key, 500, listed), undefined)
})

test('clusters of a service', () => {
  assert.equal(readClusters(200, '{"service":{},"clusters":[{"name":"DEFAULT"},{"name":"b"}]}'), ['DEFAULT', 'b'])
  assert.equal(readClusters(200, '{"service":{},"clusters":[]}'), [])
})

test('what is no list is no answer, but that a service has gone since it was listed', () => {
  const gone = 'caused: service g1@@pers is not found!;'
  assert.equal([readClusters(404, gone), readPersistent(key, 404, gone)], [[], []])
  for (const [status, body] of [
    [500, 'caused: overloaded'],
    [403, 'user not found!'],
    [404, 'No endpoint GET /nacos/v1/ns/catalog/service.'],
    [200, '{}'],
    [200, 'null'],
    // 3.x answers 200 to all.
    [200, '{"code":30000,"message":"server error","data":null}'],
  ] as const) {
    const read = [readServices('public', status, body), readClusters(status, body), readPersistent(key, status, body)]
    assert.equal(read, [undefined, undefined, undefined], body)
  }
})

test('two instances are equal when all they say is', () => {
  assert.is(
    instanceText({ ...instance, metadata: { b: '1', a: '2' } }),
    instanceText({ ...instance, metadata: { a: '2', b: '1' } }),
  )
  for (const other of [{ weight: 1 }, { enabled: true }, { cluster: 'x' }, { metadata: {} }, { namespace: 'x' }])
    assert.is.not(instanceText({ ...instance, ...other }), instanceText(instance))
})

test('the requests of each version', () => {
  const of = (version: string) => {
    const calls = api(parseVersion(version))
    return [
      calls.services('dev', 1, 200),
      calls.clusters(key),
      calls.allInstances(key, 'DEFAULT'),
      calls.registerPersistent(instance),
      calls.transferLeader('naming_service_metadata', '10.0.0.2:7848'),
      calls.connections(),
      calls.moveConnections(1),
    ].map(
      ({ method, path, form, json }) =>
        `${method} ${path}${form ? ` ${new URLSearchParams(form as Record<string, string>)}` : ''}${json ? ` ${json}` : ''}`,
    )
  }
  assert.equal(of('2.2.4'), [
    'GET /nacos/v1/ns/catalog/services?withInstances=false&namespaceId=dev&pageNo=1&pageSize=200',
    'GET /nacos/v1/ns/catalog/service?namespaceId=public&groupName=g1&serviceName=g1%40%40pers',
    'GET /nacos/v1/ns/catalog/instances?namespaceId=public&groupName=g1&serviceName=g1%40%40pers&clusterName=DEFAULT&pageNo=1&pageSize=1000000',
    'POST /nacos/v1/ns/instance namespaceId=public&groupName=g1&serviceName=g1%40%40pers&ip=1.2.3.4&port=80&clusterName=DEFAULT&weight=2&enabled=false&metadata=%7B%22a%22%3A%22b%22%7D&ephemeral=false',
    'POST /nacos/v1/core/ops/raft {"groupId":"naming_service_metadata","command":"transferLeader","value":"10.0.0.2:7848"}',
    'GET /nacos/v2/core/loader/current',
    'GET /nacos/v2/core/loader/reloadCurrent?count=1',
  ])
  assert.equal(
    of('3.0.3').map((line) => line.split('?')[0]?.split(' ').slice(0, 2).join(' ')),
    [
      'GET /nacos/v3/admin/ns/service/list',
      'GET /nacos/v1/ns/catalog/service',
      'GET /nacos/v3/admin/ns/instance/list',
      'POST /nacos/v3/admin/ns/instance',
      'POST /nacos/v3/admin/core/ops/raft',
      'GET /nacos/v3/admin/core/loader/current',
      'POST /nacos/v3/admin/core/loader/reloadCurrent',
    ],
  )
})

test.run()
