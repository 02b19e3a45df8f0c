/** A folder that is a host: busybox, the few files a Linux has, and chroot. For root only. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { busybox } from '../shells.ts'

export interface FolderHost {
  readonly root: string
  readonly command: readonly [string, ...string[]]
  remove(): void
}

const enter = `mount -t proc proc "$1/proc"
exec env -i PATH=/bin LC_ALL=C /usr/sbin/chroot "$1" /bin/sh`

/** Makes one, with these directories in it. */
export function folderHost(...directories: readonly string[]): FolderHost {
  const root = mkdtempSync(join(tmpdir(), 'plinth-host-'))
  const place = (path: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    return join(root, path)
  }
  for (const path of ['/tmp/x', '/proc/x', '/dev/x', '/run/x', '/root/x', ...directories.map((path) => `${path}/x`)])
    place(path)
  for (const [program, path] of [
    [busybox, '/bin/busybox'],
    ['/usr/bin/flock', '/bin/flock'],
  ] as const) {
    copyFileSync(program, place(path))
    for (const library of execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? []) {
      copyFileSync(library, place(library))
    }
  }
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean)
  for (const name of applets)
    if (name !== 'busybox' && name !== 'flock') symlinkSync('busybox', join(root, 'bin', name))
  writeFileSync(place('/etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  writeFileSync(place('/etc/group'), 'root:x:0:\n')
  writeFileSync(place('/etc/os-release'), 'ID=busybox\nVERSION_ID=1\n')
  execFileSync('mknod', ['-m', '666', join(root, 'dev/null'), 'c', '1', '3'])
  return {
    root,
    // Its /proc goes with the shell's own view of the mounts.
    command: ['unshare', '--mount', 'sh', '-c', enter, 'sh', root],
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
