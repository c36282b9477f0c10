import { configure } from '@testing-library/react'

/** How long a test waits for what has to come: on a busy machine longer than the usual second. A deadline is only used up by what never comes. */
export const patience = { timeout: 20_000 }

configure({ asyncUtilTimeout: patience.timeout })
