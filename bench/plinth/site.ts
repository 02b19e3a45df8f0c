/** The end state of ../README.md in Plinth: a node of a Nacos cluster on each host. */
import { directory, distributionPackage, file, group, inputOf, main, params, play, user } from 'plinth'
import { loadedSettings, ownedLink, service, unpacked } from './resources.ts'
import { archive, rendered, stateFile, variable } from './settings.ts'

const home = variable('nacos_home')
const release = variable('nacos_release')
const cache = variable('nacos_cache')
const own = { owner: 'nacos', group: 'nacos' }
const folders = [
  home,
  ...['conf', 'logs', 'data', 'bin', 'releases'].map((name) => `${home}/${name}`),
  release,
  '/var/lib/nacos',
]
const settings = '/etc/sysctl.d/90-nacos.conf'

await main((fleet) => {
  const nodes = fleet.group('nacos', params({}))
  return [
    play('node', nodes, ({ name }, facts) => {
      const unitFile = file('/etc/systemd/system/nacos.service', { content: rendered('nacos.service', name) })
      const inputs = [
        unpacked(release, `${cache}/${archive.name}`, archive, 'nacos'),
        ownedLink(`${home}/current`, release, 'nacos'),
        file(`${home}/conf/application.properties`, {
          content: rendered('application.properties', name),
          ...own,
          mode: '0640',
        }),
        file(`${home}/conf/cluster.conf`, { content: rendered('cluster.conf', name), ...own, mode: '0640' }),
        file(`${home}/conf/nacos-logback.xml`, { content: stateFile('nacos-logback.xml'), ...own, mode: '0640' }),
        file('/etc/nacos/nacos.env', { content: rendered('nacos.env', name), group: 'nacos', mode: '0640' }),
        unitFile,
      ].map((input) => inputOf('nacos', input))
      return [
        distributionPackage(variable('nacos_java_package'), facts),
        group('nacos'),
        user('nacos', { home, group: 'nacos' }),
        ...folders.map((path) => directory(path, { ...own, mode: '0750' })),
        directory(cache),
        directory('/etc/nacos'),
        ...inputs,
        file(settings, { content: stateFile('sysctl.conf') }),
        loadedSettings(settings, stateFile('sysctl.conf')),
        file('/etc/security/limits.d/90-nacos.conf', { content: stateFile('limits.conf') }),
        file('/etc/logrotate.d/nacos', { content: stateFile('logrotate') }),
        service('nacos', unitFile.id, inputs),
      ]
    }),
  ]
})
