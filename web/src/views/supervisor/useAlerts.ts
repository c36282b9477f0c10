import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { api, ask } from '@/api/client'
import { usePreference } from '@/app/preference'
import { backOff } from '@/live/clock'
import { useLive } from '@/live/store'

/** How often it is asked for alerts that the stream does not tell of: those of storage and jobs. Milliseconds. */
const again = 30_000

/** The alerts, newest first. The stream tells when the rules have raised one; it is kept, and can be asked for, a moment later. */
export function useAlerts() {
  const news = useLive((l) => l.entries.findLast((e) => e.kind === 'alert'))
  const asked = useRef(0) // times since the news
  const query = useInfiniteQuery({
    queryKey: ['alerts'],
    queryFn: ({ pageParam }) => {
      asked.current++
      return ask(api.GET('/api/v1/alerts', { params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } }))
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: ({ state }) => {
      const isThere = !news || state.data?.pages[0]?.items.some((a) => a.reason === news.reason && Date.parse(a.at) === Date.parse(news.at))
      return isThere ? again : backOff(asked.current)
    },
  })
  const { refetch } = query
  useEffect(() => {
    asked.current = 0
    if (news) void refetch()
  }, [news, refetch])
  return query
}

/** When the newest alert that has been looked at in this browser was raised. */
export function useSeen() {
  return usePreference('supervisor.alerts', '')
}
