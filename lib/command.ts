/** The `plinth` command: what is not a playbook. For now it says what there is. */
import { exitCode, problemText } from './core/error.ts'
import { suggestion } from './core/nearest.ts'
import { version } from './version.ts'

const usage = `Plinth ${version}

Playbooks are run by tsx:
  npx tsx playbooks/site.ts -i NAME [--check]      bring hosts to the state they are declared to have
  npx tsx playbooks/members.ts -i NAME             the members of a Nacos cluster
  npx tsx playbooks/site.ts --help                 all options

plinth --version   print the version
plinth --help      print this

Not there yet: plinth inventory, plinth vault, plinth new.
`

/** Runs the command with these words; sets the exit code. */
export function command([word = '--help']: readonly string[]): void {
  if (word === '--help' || word === '-h') console.log(usage)
  else if (word === '--version') console.log(version)
  else {
    const remedy = ['inventory', 'vault', 'new'].includes(word)
      ? 'see plinth --help for what there is'
      : suggestion(word, ['--help', '--version'], 'option')
    console.error(problemText({ where: `plinth ${word}`, what: 'not there yet, or never heard of', remedy }))
    process.exitCode = exitCode.usage
  }
}
