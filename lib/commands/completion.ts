/** `plinth completion bash|zsh`: the script by which a shell completes the command lines of Plinth. */
import { exitCode, usageError } from '../core/error.ts'
import { suggestion } from '../core/nearest.ts'
import { q } from '../core/script.ts'
import { type Command, readWords } from './command.ts'

const name = 'plinth completion'

const help = `Usage: ${name} bash | zsh

Prints the script by which a shell completes what is typed after plinth, and after a playbook that tsx, npx or node runs:
options, inventories, hosts and groups, tags, variables. The script asks the Plinth that printed it, for which node must be
in the PATH. It runs no playbook and no program of an inventory, and connects to nothing.

Examples:
  npx plinth completion bash >~/.plinth-completion.bash     then, in ~/.bashrc:  . ~/.plinth-completion.bash
  npx plinth completion zsh >~/.plinth-completion.zsh       then, in ~/.zshrc:   . ~/.plinth-completion.zsh

Exit codes: 0 done, 4 usage.
`

/** `ask` is the command that answers, as shell text. Works from bash 3.2 on. */
const bash = (ask: string): string => `# Completion for bash, printed by: plinth completion bash
_plinth_answer() {
  local line
  COMPREPLY=()
  compopt +o default +o bashdefault 2>/dev/null
  while IFS= read -r line; do
    case $line in
      :other) return 1 ;;
      :files) compopt -o default 2>/dev/null ;;
      :nospace) compopt -o nospace 2>/dev/null ;;
      ?*) COMPREPLY+=("$line") ;;
    esac
  done < <(${ask} bash "$COMP_WORDBREAKS" "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
}
_plinth() { _plinth_answer; }
# What npx, tsx and node run may be a playbook; anything else is completed as it was before.
_plinth_run() {
  if [[ $COMP_LINE == *plinth* || $COMP_LINE == *.ts* ]] && _plinth_answer; then return; fi
  COMPREPLY=()
  compopt -o default -o bashdefault 2>/dev/null
  local before=_plinth_before_\${1##*/}
  if [[ -n \${!before-} ]]; then "\${!before}" "$@"; fi
}
complete -F _plinth plinth
for _plinth_word in npx tsx node; do
  if [[ $(complete -p $_plinth_word 2>/dev/null) =~ ' -F '([^ ]+) && \${BASH_REMATCH[1]} != _plinth* ]]; then
    printf -v _plinth_before_$_plinth_word %s "\${BASH_REMATCH[1]}"
  fi
  complete -o bashdefault -o default -F _plinth_run $_plinth_word
done
unset _plinth_word
`

const zsh = (ask: string): string => `#compdef plinth
# Completion for zsh, printed by: plinth completion zsh
_plinth_answer() {
  local -a values
  local line files= space=' ' end=1
  for line in "\${(@f)$(${ask} zsh "\${(@Q)words[1,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}"; do
    case $line in
      :other) return 2 ;;
      :files) files=1 ;;
      :nospace) space= ;;
      ?*) values+=("$line") ;;
    esac
  done
  (( $#values )) && compadd -S "$space" -a values && end=0
  [[ -n $files ]] && _files && end=0
  return end
}
_plinth() { _plinth_answer; }
# What npx, tsx and node run may be a playbook; anything else is completed as it was before.
_plinth_run() {
  if [[ $BUFFER == *plinth* || $BUFFER == *.ts* ]]; then
    _plinth_answer
    (( $? == 2 )) || return 0
  fi
  \${_plinth_before[\${words[1]:t}]:-_default}
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
typeset -gA _plinth_before
for _plinth_word in npx tsx node; do
  [[ \${_comps[$_plinth_word]-_plinth_run} == _plinth_run ]] || _plinth_before[$_plinth_word]=\${_comps[$_plinth_word]}
done
unset _plinth_word
compdef _plinth plinth
compdef _plinth_run npx tsx node
`

const scripts: Readonly<Record<string, (ask: string) => string>> = { bash, zsh }

export const command: Command = {
  help,
  actions: { bash: 'nothing', zsh: 'nothing' },
  async run(words) {
    const [shell = '', ...more] = readWords(words, { help: { short: 'h' } }, name).words
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
    if (!script || more.length > 0)
      throw usageError({
        where: name,
        what:
          shell === '' ? 'for which shell?' : script ? `"${more[0]}" is not expected here` : `"${shell}" is not known`,
        remedy: script ? 'name one shell' : suggestion(shell, Object.keys(scripts), 'shell'),
      })
    process.stdout.write(script(`node ${q(process.argv[1] ?? 'plinth')} complete`))
    return exitCode.done
  },
}
