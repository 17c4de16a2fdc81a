// What gguf-parser-go estimates for each run of a request. The request, on standard input, and the
// answer are what compare.py writes and reads.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"time"

	gguf "github.com/gpustack/gguf-parser-go"
)

type request struct {
	Repeat int
	Runs   []run
}

type run struct {
	File       string
	NCtx       int32   `json:"n_ctx"` // 0: the training length
	NBatch     int32   `json:"n_batch"`
	NUbatch    int32   `json:"n_ubatch"`
	NSeqMax    int32   `json:"n_seq_max"`
	TypeK      string  `json:"type_k"`
	TypeV      string  `json:"type_v"`
	NGPULayers *uint64 `json:"n_gpu_layers"` // absent: all
}

type estimate struct {
	Bytes      uint64  `json:"bytes"`
	ParseMs    float64 `json:"parse_ms"`
	EstimateMs float64 `json:"estimate_ms"`
	Refusal    string  `json:"refusal,omitempty"`
}

var cacheTypes = map[string]gguf.GGMLType{
	"f16": gguf.GGMLTypeF16, "bf16": gguf.GGMLTypeBF16,
	"q8_0": gguf.GGMLTypeQ8_0, "q4_0": gguf.GGMLTypeQ4_0,
}

func options(r run) []gguf.GGUFRunEstimateOption {
	o := []gguf.GGUFRunEstimateOption{
		gguf.WithFlashAttention(),
		gguf.WithParallelSize(r.NSeqMax),
		gguf.WithLLaMACppLogicalBatchSize(r.NBatch),
		gguf.WithLLaMACppPhysicalBatchSize(r.NUbatch),
		gguf.WithLLaMACppCacheKeyType(cacheTypes[r.TypeK]),
		gguf.WithLLaMACppCacheValueType(cacheTypes[r.TypeV]),
	}
	if r.NCtx > 0 {
		o = append(o, gguf.WithLLaMACppContextSize(r.NCtx))
	}
	if r.NGPULayers != nil {
		o = append(o, gguf.WithLLaMACppOffloadLayers(*r.NGPULayers))
	}
	return o
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// A file it cannot read makes it panic in places: that is its refusal.
func measure(r run, repeat int) (e estimate) {
	defer func() {
		if cause := recover(); cause != nil {
			e = estimate{Refusal: fmt.Sprint(cause)}
		}
	}()
	e.ParseMs, e.EstimateMs = math.Inf(1), math.Inf(1)
	for i := 0; i < repeat; i++ {
		start := time.Now()
		file, err := gguf.ParseGGUFFile(r.File, gguf.UseMMap(), gguf.SkipLargeMetadata())
		if err != nil {
			return estimate{Refusal: err.Error()}
		}
		e.ParseMs = min(e.ParseMs, milliseconds(time.Since(start)))

		start = time.Now()
		// The first device is the host. Its sums are those that the program prints as VRAM, less the
		// constant that it adds for what is not llama.cpp's.
		card := file.EstimateLLaMACppRun(options(r)...).Devices[1]
		e.EstimateMs = min(e.EstimateMs, milliseconds(time.Since(start)))
		e.Bytes = uint64(card.Footprint + card.Weight.Sum() + card.KVCache.Sum() + card.Computation.Sum())
	}
	return e
}

func main() {
	var q request
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		log.Fatal(err)
	}
	answer := []estimate{}
	for _, r := range q.Runs {
		answer = append(answer, measure(r, q.Repeat))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		log.Fatal(err)
	}
}
