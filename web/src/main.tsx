import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './app/queries'
import { router } from './app/router'
import { session } from './app/session'
import { startTheme } from './app/theme'
import { startTexts } from './i18n'
import { Start } from './app/Start'
import './ui/base.css'

startTheme()
// Who we are and in which words, asked for at the same time; nothing is drawn before both are known, so that nothing is drawn twice.
await Promise.all([startTexts(), session.restore()])

const at = document.getElementById('app')
if (!at) throw new Error('the page has no #app')
createRoot(at).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Suspense>
        <Start>
          <RouterProvider router={router} />
        </Start>
      </Suspense>
    </QueryClientProvider>
  </StrictMode>,
)
