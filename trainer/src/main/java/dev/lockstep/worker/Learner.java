package dev.lockstep.worker;

import dev.lockstep.coordinator.Directive;
import dev.lockstep.engine.Batch;
import java.nio.FloatBuffer;

/** What a worker does with its training examples in one averaging mode. Belongs to one thread. */
sealed interface Learner extends AutoCloseable permits GradientLearner, LocalLearner {
  /** Does what {@code directive} asks and leaves the result in the seat's contributions. */
  void learn(Directive directive);

  /** Activations of the last layer with the published parameters, a row an example. */
  void predict(Batch batch, FloatBuffer outputs);

  @Override
  void close();
}
