package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A mistake ends with exit code 2 and one message that says what would be right. */
class MistakesTest {
  @TempDir static Path directory;

  private static Path broken;

  @BeforeAll
  static void writeFiles() throws IOException {
    SmallMnist.configuration(SmallMnist.write(directory));
    Files.writeString(directory.resolve("tabs.yaml"), "seed: 1\n\ttraining: 2\n");
    Files.write(directory.resolve("bytes.yaml"), new byte[] {'a', ':', ' ', (byte) 0xff});
    Files.createDirectory(directory.resolve("empty"));
    Files.writeString(directory.resolve("not.zip"), "not a zip");
    Files.writeString(
        Files.createDirectory(directory.resolve("odd")).resolve("report.json"), "{\"more\": 1}");
    broken = Files.createDirectory(directory.resolve("broken"));
    for (String name :
        new String[] {
          "train-images-idx3-ubyte",
          "train-labels-idx1-ubyte",
          "t10k-images-idx3-ubyte",
          "t10k-labels-idx1-ubyte"
        }) {
      byte[] bytes = Files.readAllBytes(directory.resolve(name));
      Files.write(
          broken.resolve(name),
          name.startsWith("t10k-images") ? Arrays.copyOf(bytes, 1000) : bytes);
    }
  }

  /** {@code DIR} stands for the directory, and {@code SMALL} for the configuration in it. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          lockstep                            | which command? one of train, cross-validate, evaluate
          trian                               | Did you mean: lockstep train
          train                               | --config is missing: it names the configuration; or --resume, which names a run
          train --resume DIR/none             | none: there is no such run; --resume must name a run's directory
          train --resume DIR --output DIR     | --output cannot be used with --resume
          train --config SMALL --fast         | Unknown option: '--fast'
          train --config SMALL --workers two  | Invalid value for option '--workers'
          train --config DIR/none.yaml        | none.yaml: there is no such file
          train --config DIR                  | cannot be read: Is a directory
          train --config DIR/tabs.yaml        | tabs.yaml: not valid YAML at line
          train --config DIR/bytes.yaml       | bytes.yaml: is not text in UTF-8
          train --config SMALL --set trainning.epochs=1    | did you mean 'training'?
          train --config SMALL --set training.epochs=many  | training.epochs is 'many' but must be a whole number
          train --config SMALL --set training.epochs       | must be key=value
          train --config SMALL --set network=lenets        | did you mean 'lenet'?
          train --config SMALL --set dataset=fashion       | emnist-bymerge, {idx: <directory>}, {parquet: <path>, ...} or {partitions: <directory>, ...}
          train --config SMALL --set dataset.idx=DIR/empty | empty: no such file there: expected one of train-images-idx3-ubyte
          train --config SMALL --set dataset.idx=SMALL     | small.yaml is there and is not a directory
          train --config SMALL --set dataset.idx=DIR/none  | there is no such directory
          train --config SMALL --set dataset.idx=DIR/broken | broken/t10k-images-idx3-ubyte
          train --config SMALL --set training.shards=1100  | training.shards is 1100 but there are only 1000 training examples
          train --config SMALL --master local[2] --workers 3 | training.workers is 3 but only 2 tasks can run at once
          train --config SMALL --workers 0                 | training.workers is '0' but must be a whole number of at least 1
          train --config SMALL --workers 9                 | training.workers is 9 but there are only 8 shards
          train --config SMALL --master locl               | --master is 'locl' but must be local[N]
          train --config SMALL --master spark://no.such.host.invalid:7077 --workers 1 | but there is no host 'no.such.host.invalid'
          train --config SMALL --set dataset.name=mnist | dataset: 'mnist' comes with the program
          import --keras SMALL --output DIR/imported.zip | network 'small': not valid JSON
          train --config hdfs://no.such.host.invalid/a.yaml | cannot be reached: there is no host 'no.such.host.invalid'
          train --config SMALL --master local[0]           | --master is 'local[0]' but must be local[N]
          train --config SMALL --output SMALL              | cannot create the run directory
          cross-validate                      | --config is missing
          cross-validate --config SMALL --folds 1    | --folds is 1 but must be at least 2
          cross-validate --config SMALL --folds 1300 | folds is 1300 but must be from 2 to the number of training examples, 1200
          cross-validate --config SMALL --repeats 0  | --repeats is 0 but must be at least 1
          cross-validate --config SMALL --folds 5000 --repeats 5000 | but there can be at most 10000
          cross-validate --config SMALL --only-fold 6 | --only-fold is 6 but must be from 1 to 5
          cross-validate --config SMALL --grid trainning.epochs=1,2 | unknown key 'trainning'; did you mean 'training'?
          cross-validate --config SMALL --grid training.epochs | --grid is 'training.epochs' but must be key=value,value
          cross-validate --config SMALL --grid seed=1,2 | --grid varies seed, dataset, validation or training.workers (seed=2)
          cross-validate --config SMALL --grid training.epochs=1,1 | repeats a value
          cross-validate --config SMALL --grid training.batchSize=64 --grid training.batchSize=65 | --grid gives values of 'training.batchSize' twice
          cross-validate --config SMALL --grid validation.examples=100,150 | --grid makes candidates 1 (validation.examples=100) and 2 (validation.examples=150), which train alike
          cross-validate --config SMALL --grid name=one,two | --grid makes candidates 1 (name=one) and 2 (name=two), which train alike
          cross-validate --config SMALL --grid training.onWorkerLoss=fail,wait | which train alike
          cross-validate --config SMALL --grid training.checkpoints.everyEpochs=1,2 | which train alike
          cross-validate --config SMALL --metric acuracy | did you mean 'accuracy'?
          cross-validate --config SMALL --hold-out --folds 3 | --hold-out is the one split that the configuration says
          cross-validate --config SMALL --hold-out --set validation=null | nothing is held out for validation
          cross-validate --resume DIR/empty   | empty: there is no such run; --resume must name the directory of a cross-validation
          describe                            | give either --config FILE or --network NETWORK
          describe --config SMALL --network lenet | give either --config FILE or --network NETWORK
          predict --model DIR/none --input DIR/none --output DIR   | --output cannot be written
          predict --model DIR/none --input DIR/none --output SMALL/p.csv | small.yaml is there and is not a directory; name a file
          evaluate --model DIR/none           | none: there is no such file; expected a run directory that holds model.zip
          evaluate --model DIR/empty          | empty/model.zip: there is no such file
          evaluate --model DIR/not.zip        | not.zip: not a zip archive
          evaluate --model DIR/none --input DIR/i --dataset mnist | --input cannot be used with --dataset
          evaluate --model DIR/none --labels DIR/l | --labels needs --input
          predict --model DIR/not.zip         | Missing required option: '--input=INPUT'
          export --model DIR/none --format onnx --output DIR/m.onnx | none: there is no such file; expected a run directory that holds model.zip
          export --model DIR/not.zip --format dl4j --output DIR/m.zip | not.zip: not a zip archive
          export --model DIR/not.zip --format npz --output DIR/m.npz | not.zip: not a zip archive
          export --model DIR/not.zip --format hdf5 --output DIR/m.h5 | Invalid value for option '--format'
          export --model DIR/not.zip --format npz | Missing required option: '--output=FILE'
          report                              | Missing required parameter: 'RUN'
          report DIR/none                     | none/report.json: there is no such file; expected a run directory
          report SMALL                        | expected a run directory
          report DIR/odd                      | odd/report.json: is not the data of a report: title is missing
          report DIR/odd --output SMALL/r.html | small.yaml is there and is not a directory; name a file
          describe --network lenet --input 5  | --input is '5' but must be height x width
          describe --network lenet --input 4x4 | network 'lenet': layer 1 (conv2d)
          describe --network lenet --classes 7 | layer 7 (dense)
          """)
  void mistakes(String arguments, String message) {
    String[] words =
        arguments
            .replace("SMALL", directory.resolve("small.yaml").toString())
            .replace("DIR", directory.toString())
            .split(" ");
    Invocation given = Invocation.of(words[0].equals("lockstep") ? new String[0] : words);

    assertThat(given.err()).contains(message).doesNotContain("\tat ").doesNotContain("Exception");
    assertThat(given.exitCode()).isEqualTo(2);
    assertThat(given.out()).isEmpty();
  }

  @Test
  void theStackTraceIsThereForWhoAsksForIt() {
    Invocation given = Invocation.of("train", "--config", "none.yaml", "--stacktrace");

    assertThat(given.exitCode()).isEqualTo(2);
    assertThat(given.err()).contains("none.yaml: there is no such file").contains("\tat ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "cross-validate"})
  void moreWorkersThanAClusterWillHaveRoomForAreRefusedBeforeItIsAsked(String command) {
    System.setProperty("spark.cores.max", "2");
    try {
      String small = directory.resolve("small.yaml").toString();
      Invocation given =
          Invocation.of(
              command, "--config", small, "--master", "spark://127.0.0.1:1", "--workers", "3");

      assertThat(given.err())
          .contains(
              "training.workers is 3 but the application asks spark://127.0.0.1:1 for room for 2"
                  + " tasks at once (spark.cores.max)");
      assertThat(given.exitCode()).isEqualTo(2);
    } finally {
      System.clearProperty("spark.cores.max");
    }
  }
}
