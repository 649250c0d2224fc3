package workload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Transactions are transactional producers that write until Stop, each with commits and aborts in turn, in the same
// partitions.
type Transactions struct {
	cancel  context.CancelFunc
	done    sync.WaitGroup // one goroutine for each producer
	failed  firstError
	aborted atomic.Int64
}

// StartTransactions starts one producer for each client. The clients must be made with kgo.ManualPartitioner and a
// transactional id each; they outlive the transactions.
func StartTransactions(clients []*kgo.Client, w *Writer, targets []Target) *Transactions {
	ctx, cancel := context.WithCancel(context.Background())
	t := &Transactions{cancel: cancel}
	for i, client := range clients {
		t.done.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				if err := t.one(client, w, targets, n); err != nil {
					t.failed.set(err)
					return
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Duration(rand.Int64N(int64(20 * time.Millisecond)))):
				}
			}
		})
	}
	return t
}

// one writes one transaction; every third is aborted.
func (t *Transactions) one(client *kgo.Client, w *Writer, targets []Target, n int) error {
	ctx := context.Background()
	if err := client.BeginTransaction(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	var records []*kgo.Record
	for range 1 + rand.IntN(20) {
		target := targets[rand.IntN(len(targets))]
		records = append(records, Kgo(w.Next(target.Topic, rand.Int32N(target.Partitions), Small)))
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("produce in transaction: %w", err)
	}
	commit := kgo.TransactionEndTry(n%3 != 0)
	if err := client.EndTransaction(ctx, commit); err != nil {
		return fmt.Errorf("end transaction: %w", err)
	}
	if !commit {
		t.aborted.Add(int64(len(records)))
	}
	return nil
}

// Aborted is how many records were aborted so far.
func (t *Transactions) Aborted() int64 { return t.aborted.Load() }

// Stop waits for the last transactions to end.
func (t *Transactions) Stop() error {
	t.cancel()
	t.done.Wait()
	return t.failed.get()
}
