package dev.lockstep.benchmarks.contender;

/** No training but a bound: {@link DenseProducts} of the first layer, a dense one. */
public record FirstLayerProducts() implements Contender {
  @Override
  public String name() {
    return "the two products of the first layer, 1 thread";
  }

  @Override
  public String note() {
    return "The two products are the first layer's outputs and its weights' gradient, by OpenBLAS in"
        + " the order of memory that `fused` has.";
  }

  @Override
  public Run train(Task task) {
    long batches = task.batches();
    int inputs = task.network().layers().get(0).input().size();
    int units = task.network().layers().get(0).output().size();
    try (DenseProducts products = new DenseProducts(inputs, units, task.plan().batchSize())) {
      long started = System.nanoTime();
      for (long i = 0; i < batches; i++) {
        products.multiply();
      }
      return Run.timed(task.examples(), (System.nanoTime() - started) * 1e-9);
    }
  }
}
