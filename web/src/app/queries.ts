import { QueryClient } from '@tanstack/react-query'
import { Problem } from '@/api/problem'

/**
 * What is asked for and does not come with the live stream: set-up, history, reasons. The client repeats requests by itself (src/api/client.ts), so that a query that fails
 * has failed.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: false,
      refetchOnWindowFocus: (q) => !(q.state.error instanceof Problem && q.state.error.status === 403),
      // Whoever was cut off has missed what others did.
      refetchOnReconnect: 'always',
    },
    mutations: { retry: false },
  },
})
