/** What is said of what a run leaves alone: not selected, only looked at, or refused at the terminal. Pure. */
import { problemText } from '../core/error.ts'
import { hostsText, type Line } from './report.ts'
import type { HostPlan, Left, Result } from './world.ts'

/** The plays that --limit leaves out and that later ones stand on, one line each. */
export function prerequisiteLines(plans: readonly HostPlan[]): readonly Line[] {
  return plans
    .filter(({ prerequisite }) => prerequisite)
    .map(({ play, host, left }) => {
      const differing = left.filter(({ differs }) => differs)
      const [first] = differing
      const more = differing.length > 1 ? ` and ${differing.length - 1} more differ` : ' differs'
      const text = `stands on ${play} on ${host}: ${first ? `${first.id}${more}` : 'as declared'}`
      return { tone: first ? 'bad' : 'faint', text }
    })
}

/** What would have to be restarted for a change to take effect, and is not selected. The same on several hosts is one line. */
export function restartLines(plans: readonly HostPlan[]): readonly Line[] {
  const owing = new Map<string, { readonly left: Left; readonly hosts: string[] }>()
  for (const { host, left } of plans) {
    for (const one of left.filter(({ owes }) => owes.length > 0)) {
      const key = JSON.stringify([one.id, one.owes, one.perhaps])
      owing.set(key, { left: one, hosts: [...(owing.get(key)?.hosts ?? []), host] })
    }
  }
  return [...owing.values()].map(({ left: { id, owes, perhaps, tag, skipped }, hosts }) => ({
    tone: 'change',
    text: `warning: ${problemText({
      where: hostsText(hosts),
      what: perhaps
        ? `${id} may need a restart because of ${owes.join(', ')} (what it has read can't be known), and is not selected`
        : `${id} has to be restarted because of ${owes.join(', ')}, and is not selected`,
      remedy: `run again ${skipped ? `without ${tag} in --skip-tags` : `with --tags ${tag}, or without --tags`}`,
    })}`,
  }))
}

/** How much else differs on the hosts that were read. */
function leftLines(plans: readonly HostPlan[]): readonly Line[] {
  const own = plans.filter(({ prerequisite, left }) => !prerequisite && left.some(({ differs }) => differs))
  const resources = own.reduce((sum, { left }) => sum + left.filter(({ differs }) => differs).length, 0)
  const hosts = new Set(own.map(({ host }) => host)).size
  if (resources === 0) return []
  const what = resources === 1 ? '1 more resource differs' : `${resources} more resources differ`
  const are = resources === 1 ? 'is' : 'are'
  return [{ tone: 'change', text: `${what} on ${hosts} ${hosts === 1 ? 'host' : 'hosts'} and ${are} not selected.` }]
}

/** What somebody at the terminal said no to, with what stands on it. */
const refusedLines = (refused: ReadonlyMap<string, ReadonlySet<string>>): readonly Line[] =>
  [...refused].map(([host, ids]) => ({ tone: 'change', text: `Left out by you on ${host}: ${[...ids].join(', ')}` }))

/** What a recap ends with where a run did not mean everything. Restarts that are owed are said once more after a long run. */
export const outsideLines = ({ plans, refused }: Result, check: boolean): readonly Line[] => [
  ...(check ? [] : restartLines(plans)),
  ...leftLines(plans),
  ...refusedLines(refused),
]
