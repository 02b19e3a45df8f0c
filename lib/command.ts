/** The `plinth` command: what is not a playbook. Its commands are in lib/commands, a file for each. */
import { commands } from './commands/commands.ts'
import { exitCode, PlinthError, problemText, usageError } from './core/error.ts'
import { suggestion } from './core/nearest.ts'
import { localUser } from './edge/local-user.ts'
import { heedOutput } from './edge/output.ts'
import { version } from './version.ts'

const usage = `Plinth ${version}

Playbooks are run by tsx:
  npx tsx playbooks/site.ts -i NAME [--check]      bring hosts to the state they are declared to have
  npx tsx playbooks/run.ts -i NAME -- COMMAND      run a command on hosts
  npx tsx playbooks/site.ts --help                 all options

What is not a playbook:
${[...commands].map(([name, { about }]) => `  ${`plinth ${name}`.padEnd(20)} ${about}`).join('\n')}

plinth COMMAND --help   how to use one
plinth --version        print the version
plinth --help           print this`

async function run([word = '--help', ...words]: readonly string[]): Promise<number> {
  const entry = commands.get(word)
  if (entry) {
    const { command: found } = await entry.load()
    if (words.includes('--help') || words.includes('-h')) console.log(found.help)
    else {
      // Much is looked for in its home: that there is none is said once.
      localUser()
      return found.run(words)
    }
  } else if (word === 'complete') {
    const { answer } = await import('./commands/complete.ts')
    console.log(await answer(words, commands))
  } else if (word === '--help' || word === '-h') console.log(usage)
  else if (word === '--version') console.log(version)
  else {
    const known = [...commands.keys(), '--help', '--version']
    throw usageError({
      where: `plinth ${word}`,
      what: 'there is no such command',
      remedy: suggestion(word, known, 'command'),
    })
  }
  return exitCode.done
}

/** Runs the command with these words; sets the exit code. Never throws for what a user can mend. */
export async function command(words: readonly string[]): Promise<void> {
  heedOutput()
  try {
    process.exitCode = await run(words)
  } catch (error) {
    // A bug of ours shows its trace; a user's mistake shows what to do.
    if (!(error instanceof PlinthError)) throw error
    for (const problem of error.problems) console.error(problemText(problem))
    process.exitCode = error.code
  }
}
