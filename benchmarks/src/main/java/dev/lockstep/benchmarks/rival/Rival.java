package dev.lockstep.benchmarks.rival;

import dev.lockstep.data.Dataset;
import dev.lockstep.data.Mnist;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A library that trains assignments, one after the other, each from the beginning. */
interface Rival {
  /** Trains {@code assignment} on {@code dataset}; only the training itself is timed. */
  Answer train(Assignment assignment, Dataset dataset);

  /** Answers every line of standard input with a line on standard output, until the input ends. */
  static void serve(Rival rival) throws IOException {
    PrintStream answers = System.out;
    System.setOut(System.err);
    Dataset mnist = Mnist.load();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      answers.println(rival.train(Assignment.of(line), mnist).line());
    }
  }
}
