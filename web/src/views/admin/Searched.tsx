import { useInfiniteQuery } from '@tanstack/react-query'
import { SearchX, type LucideIcon } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { failureText } from '@/app/failure'
import { Button } from '@/ui/Button'
import { Empty } from '@/ui/Card'
import { SearchField } from '@/ui/Field'
import { useScope } from './setup'
import css from './Views.module.css'

interface Asked {
  tenant: string | undefined
  limit: number
  search?: string
  cursor?: string
}

/** A tenant's list, newest first, that the server searches and gives in pages. */
export function useSearched<T>(name: string, page: (asked: Asked) => Promise<{ items: T[]; next?: string }>) {
  const { tenant } = useScope()
  const [search, setSearch] = useState('')
  const wanted = search.trim()
  const list = useInfiniteQuery({
    queryKey: ['admin', name, tenant, wanted],
    queryFn: ({ pageParam }) => page({ tenant, limit: 100, ...(wanted ? { search: wanted } : {}), ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: 20_000,
    // While the server searches, what was found before stays; of another tenant nothing does.
    placeholderData: (had, before) => (before?.queryKey[2] === tenant ? had : undefined),
    enabled: tenant !== undefined,
  })
  return { list, search, setSearch, wanted, items: list.data?.pages.flatMap((p) => p.items) }
}

interface SearchedProps<T> {
  of: ReturnType<typeof useSearched<T>>
  texts: { search: string; none: string; more: string }
  icon: LucideIcon
  children: (items: T[]) => ReactNode
}

/** Such a list with what one searches it by, and with what is said where there is nothing. */
export function Searched<T>({ of: { list, search, setSearch, wanted, items }, texts, icon, children }: SearchedProps<T>) {
  const { t } = useTranslation('admin')
  return (
    <>
      {list.error && <p role="alert">{failureText(list.error)}</p>}
      {items && (items.length > 0 || wanted) && (
        <div className={css.search}>
          <SearchField label={texts.search} value={search} onChange={setSearch} />
        </div>
      )}
      {items?.length === 0 && (wanted ? <Empty icon={SearchX} title={t('list.notFound', { search: wanted })} /> : <Empty icon={icon} title={texts.none} />)}
      {items && items.length > 0 && children(items)}
      {list.hasNextPage && (
        <div>
          <Button onPress={() => void list.fetchNextPage()} isPending={list.isFetchingNextPage}>
            {texts.more}
          </Button>
        </div>
      )}
    </>
  )
}
