/** What no resource of ours ever changes on a machine: asked in the same script as everything else, cached between runs. */
export interface Facts {
  /** `amd64` or `arm64`; another machine's own word (`uname -m`) otherwise. */
  readonly arch: string
  /** `ID` and `VERSION_ID` of os-release: `debian`, `12`. */
  readonly os: string
  readonly osVersion: string
  readonly packageManager: 'apt' | 'dnf' | 'none'
  /** Memory of the machine in MiB. */
  readonly memory: number
  /** The running systemd's version; 0 where there is none. */
  readonly systemd: number
  /** Every address of the machine but loopback. */
  readonly addresses: readonly string[]
}

const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' }

/** Facts from the lines `name value` of the reader `facts`. */
export function parseFacts(answer: string): Facts {
  const found = new Map(
    answer.split('\n').map((line): [string, string] => {
      const space = line.indexOf(' ')
      return [line.slice(0, space), line.slice(space + 1).replaceAll('"', '')]
    }),
  )
  const machine = found.get('arch') ?? ''
  const manager = found.get('packages')
  return {
    arch: architectures[machine] ?? machine,
    os: found.get('os') ?? '',
    osVersion: found.get('os-version') ?? '',
    packageManager: manager === 'apt' || manager === 'dnf' ? manager : 'none',
    memory: Math.floor(Number(found.get('memory') ?? 0) / 1024),
    systemd: Number.parseInt(found.get('systemd') ?? '0', 10) || 0,
    addresses: (found.get('addresses') ?? '').split(' ').filter((address) => address !== ''),
  }
}
