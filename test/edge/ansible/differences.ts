/**
 * Where Plinth answers otherwise than Ansible on purpose: samples, or patterns of a sample, with the reason.
 * docs/inventory.md has the same in words. A difference that is not here fails the test, and so does one that is gone.
 */
export interface Difference {
  readonly reason: string
  /** Whether Plinth refuses it, exit code 4; else it answers something else. */
  readonly refused: boolean
  /** `SAMPLE`, or `SAMPLE: PATTERN`. */
  readonly in: readonly string[]
}

const cluster = (...patterns: readonly string[]): readonly string[] => patterns.map((pattern) => `cluster: ${pattern}`)

export const differences: readonly Difference[] = [
  {
    reason:
      'a name that is no host and no group is an error: passing over it works on fewer hosts, or with "!" on more',
    refused: true,
    in: [
      ...cluster('nacos1:22', 'nacos:1', 'web01', 'nacso', 'nacso,db1', 'nacos:!nacos33', 'nacos:&cannary', 'a.b'),
      ...cluster('fe80::1', 'DB1', 'Nacos', 'na\\cos', 'n{1,2}', 'nacos(1)', '$nacos', '^nacos'),
      'capitals: ä',
    ],
  },
  {
    reason: 'there is no host that nobody wrote down: localhost is one where the inventory has it',
    refused: true,
    in: cluster('localhost', '127.0.0.1'),
  },
  {
    reason: 'a bracket that is not closed is an error: Ansible drops it, and what is left may mean every host',
    refused: true,
    in: cluster('~[', '[', 'nacos['),
  },
  {
    reason: 'an expression, a pattern or a list that is empty is an error: it would mean every host',
    refused: true,
    in: cluster('~', '', ',', ':', '@empty.txt'),
  },
  {
    reason: 'a part of a group that ends before it begins, or that is none, is a slip: the run would be on other hosts',
    refused: true,
    in: cluster('nacos[3:1]', 'nacos[:2]', 'nacos[1:-1]', 'nacos[0:1:2]', 'db1,nacos[:2]'),
  },
  {
    reason: 'names with signs of patterns, with spaces or slashes could not be told apart in patterns and paths',
    refused: true,
    in: ['a group like a pattern', 'a group with a space', 'a host with a space'],
  },
  {
    reason: 'a range that stands for no host, or for others than it seems to, is a slip of the pen',
    refused: true,
    in: ['a range backwards', 'a range of words', 'a range below zero'],
  },
  {
    reason: 'a port that would not count is an error: the host would be reached at another one than is written',
    refused: true,
    in: ['a port of a known host'],
  },
  {
    reason: 'where hosts are listed with their addresses, another name in a group is a slip of the pen',
    refused: true,
    in: ['an undeclared host'],
  },
  {
    reason: 'what is not understood is an error, never left out',
    refused: true,
    in: ['an unknown section', 'a group that is a number', 'a key twice', 'a plugin'],
  },
  { reason: 'Jinja is not evaluated', refused: true, in: ['Jinja', 'ini Jinja'] },
  { reason: 'an inventory without a host is an error', refused: true, in: ['empty', 'ini empty'] },
  { reason: 'a file that would not be read is an error', refused: true, in: ['a folder before a file'] },
  {
    reason: 'a priority where it does not count is an error',
    refused: true,
    in: ['priority in a file'],
  },
  {
    reason: 'a group without anything is empty, and no host of its own name (Ansible ends that with 2.23)',
    refused: false,
    in: ['a program with an empty group'],
  },
  {
    reason: 'a name is text, whatever YAML takes it for',
    refused: false,
    in: ['a host that YAML takes for a number', 'keys that are no text'],
  },
  { reason: 'a time stays as it is written', refused: false, in: ['dates'] },
  {
    reason: 'a value is shown as it is or as ***, without a word about how it was written',
    refused: false,
    in: ['an unsafe value', 'JSON with wrappers', 'one encrypted value'],
  },
  {
    reason: 'bytes and characters by name are no values of inventories, and stay text',
    refused: false,
    in: ['ini names of characters'],
  },
]
