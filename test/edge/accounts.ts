/** Accounts for tests that need a real one: made, given a password, and gone at the end (or with the next run). */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Account {
  readonly name: string
  readonly password: string
  /** Makes sshd and sudo want a new password. */
  expire(): void
  remove(): void
}

/** Makes an account with a password. One that a killed run left behind is replaced. Needs root. */
export function makeAccount(name: string, password = `pw-${name}-canary`): Account {
  const remove = (): void => {
    if (!hasAccount(name)) return
    spawnSync('userdel', ['--force', '--remove', name], { stdio: 'ignore' })
  }
  remove()
  execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', name], { stdio: 'ignore' })
  execFileSync('chpasswd', { input: `${name}:${password}\n` })
  return {
    name,
    password,
    expire: () => execFileSync('chage', ['--lastday', '0', name]),
    remove,
  }
}

const hasAccount = (name: string): boolean => readFileSync('/etc/passwd', 'utf8').includes(`\n${name}:`)
