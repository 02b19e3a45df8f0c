/** What is in files: the shell behind the readers `content` and `differing`. */
import { Script, sh } from './script.ts'

/** For a file that is there, and of which nothing can be read. */
export const unreadable = new Script(`{ printf '%s\\n' "$f can't be read" >&2; exit 1; }`)

/** Characters of base64, with its line breaks: of a larger file the answer would be too long, and that error names no file. */
const mostContent = 45_000_000
/** Characters up to which the shell takes the breaks out by itself: each line is a word then, and takes memory. */
const mostWords = 700_000
const lengthOfContent = new Script('${#c}')

const inBase64 = (key: Script): Script => sh`c=$(base64 <"$f") || ${unreadable}
  if [ ${lengthOfContent} -le ${mostWords} ]; then
    unset IFS
    set -- $c
    IFS=
    c="$*"
    unset IFS
  else
    if [ ${lengthOfContent} -gt ${mostContent} ]; then printf '%s\n' "$f is larger than 32 MiB, and is not read" >&2; exit 1; fi
    c=$(printf %s "$c" | tr -d '\n') || ${unreadable}
  fi
  printf '%s\t%s\n' ${key} "$c"`

/** Prints the content of files, lines of `PATH<tab>BASE64`. */
export const contents = (paths: readonly string[]): Script =>
  sh`for f in ${paths}; do if [ -f "$f" ] && [ ! -L "$f" ]; then
  ${inBase64(new Script('"$f"'))}
fi; done`

/** Bytes up to which a file is small. */
export const mostExcerpt = 65_536

const pathOfKey = new Script('${k#* }')
const sumOfKey = new Script('${k%% *}')
const sumsSoFar = new Script('${plinth_sums-}')
const statsSoFar = new Script('${plinth_stats-}')
const withoutTime = new Script('${l%|*}')
const lastColumn = new Script('${l##*|}')

/**
 * The same of small files by `SHA256 PATH`, lines of `SHA256 PATH<tab>BASE64`: not of one that has that digest, by the lines in
 * `plinth_sums`, and only of one whose size is in `plinth_stats`: what earlier parts of the script, `hash` and `stat`, have told.
 */
export const contentsOfOthers = (keys: readonly string[]): Script =>
  sh`for k in ${keys}; do
  f=${pathOfKey}
  case ${sumsSoFar} in *'
'"$f	${sumOfKey}"'
'*) continue ;; esac
  if [ ! -f "$f" ] || [ -L "$f" ]; then continue; fi
  bytes=
  IFS='
'
  set -f
  for l in ${statsSoFar}; do case $l in "$f	regular "*)
    l=${withoutTime}
    bytes=${lastColumn}
    break ;;
  esac; done
  unset IFS
  set +f
  if [ "$bytes" ] && [ "$bytes" -le ${mostExcerpt} ]; then
    ${inBase64(new Script('"$k"'))}
  fi
done`
