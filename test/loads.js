/** For `node --import`: writes the URL of every module that goes through the loader into the file LOADS names. */
import { register } from 'node:module'

const hooks = `
  import { appendFileSync } from 'node:fs'
  export function load(url, context, next) {
    appendFileSync(${JSON.stringify(process.env.LOADS)}, url + '\\n')
    return next(url, context)
  }`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
