#!/usr/bin/env node
/** The `plinth` command. */
import { library } from './library.js'

library.command(process.argv.slice(2))
