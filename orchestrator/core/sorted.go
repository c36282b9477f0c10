package core

import "slices"

// sorted is an ordered set of keys: blocks of at most sortedBlock keys, so that inserting into a line of
// 100,000 moves a few hundred keys and not all of them. cmp must be a total order.
type sorted[K any] struct {
	cmp    func(a, b K) int
	blocks [][]K // none empty
	n      int
	spare  []K // the room of the last block: sets that are mostly empty fill and empty all day
}

const sortedBlock = 256

// find gives the block in which k stands or would stand, and the place in it.
func (o *sorted[K]) find(k K) (block, at int, found bool) {
	// The first block whose last key is not before k.
	block, _ = slices.BinarySearchFunc(o.blocks, k, func(b []K, k K) int { return o.cmp(b[len(b)-1], k) })
	if block == len(o.blocks) {
		if block == 0 {
			return 0, 0, false
		}
		return block - 1, len(o.blocks[block-1]), false
	}
	at, found = slices.BinarySearchFunc(o.blocks[block], k, o.cmp)
	return block, at, found
}

func (o *sorted[K]) insert(k K) {
	if len(o.blocks) == 0 {
		o.blocks, o.n = append(o.blocks, append(o.spare, k)), 1
		o.spare = nil
		return
	}
	b, at, found := o.find(k)
	if found {
		return
	}
	o.n++
	o.blocks[b] = slices.Insert(o.blocks[b], at, k)
	if len(o.blocks[b]) > sortedBlock {
		half := slices.Clone(o.blocks[b][sortedBlock/2:])
		clear(o.blocks[b][sortedBlock/2:])
		o.blocks[b] = o.blocks[b][:sortedBlock/2]
		o.blocks = slices.Insert(o.blocks, b+1, half)
	}
}

func (o *sorted[K]) remove(k K) {
	b, at, found := o.find(k)
	if !found {
		return
	}
	o.n--
	o.blocks[b] = slices.Delete(o.blocks[b], at, at+1)
	if len(o.blocks[b]) == 0 {
		o.spare = o.blocks[b]
		o.blocks = slices.Delete(o.blocks, b, b+1)
	}
}

// rank is how many keys stand before k.
func (o *sorted[K]) rank(k K) int {
	b, at, _ := o.find(k)
	for _, block := range o.blocks[:b] {
		at += len(block)
	}
	return at
}

// all yields the keys in order. The set must not change meanwhile.
func (o *sorted[K]) all(yield func(K) bool) {
	for _, block := range o.blocks {
		for _, k := range block {
			if !yield(k) {
				return
			}
		}
	}
}

// first gives the first key.
func (o *sorted[K]) first() (k K, ok bool) {
	if o.n == 0 {
		return k, false
	}
	return o.blocks[0][0], true
}
