package dev.lockstep.spark.cli;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.Method;
import com.sun.jdi.ObjectReference;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.StringReference;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.ListeningConnector;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.ClassPrepareRequest;
import com.sun.jdi.request.EventRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code lockstep} in a process of its own, which stands still, with all of its threads, before
 * each of its changes of a directory on the local file system. What lies there then is what SIGKILL
 * would leave, for what a process has written outlives it. What changes files is the product's own
 * code; breakpoints of Java's debugger stop it.
 */
final class SteppedProcess {
  private static final String FILES = "java.nio.file.Files";
  private static final String LOCAL = "dev.lockstep.spark.storage.LocalLocation";

  /** What changes files, and which argument is the path that changes. */
  private static final Map<String, Map<String, Integer>> CHANGES =
      Map.of(
          FILES, Map.of("move", 1, "createLink", 0, "createDirectory", 0, "deleteIfExists", 0),
          LOCAL, Map.of("writeSynchronised", 0));

  private final Path directory;
  private final Step step;

  private SteppedProcess(Path directory, Step step) {
    this.directory = directory;
    this.step = step;
  }

  /** What is done while the process stands still. */
  interface Step {
    /**
     * Before the process goes on.
     *
     * @param changed what it will create, replace or delete next
     */
    void before(Path changed) throws IOException;
  }

  /**
   * Runs the command.
   *
   * @param err receives its standard error
   * @param directory whose changes count
   * @return its exit code
   */
  static int run(Path err, Path directory, Step step, List<String> options, String... arguments)
      throws Exception {
    ListeningConnector connector =
        Bootstrap.virtualMachineManager().listeningConnectors().stream()
            .filter(each -> each.transport().name().equals("dt_socket"))
            .findFirst()
            .orElseThrow();
    Map<String, Connector.Argument> settings = connector.defaultArguments();
    settings.get("localAddress").setValue("127.0.0.1");
    settings.get("timeout").setValue("60000");
    String address = connector.startListening(settings);
    List<String> all = new ArrayList<>(options);
    all.add("-agentlib:jdwp=transport=dt_socket,server=n,suspend=y,address=" + address);
    Process process = TrainingProcess.start(err, all, List.of(arguments));
    try {
      VirtualMachine vm = connector.accept(settings);
      connector.stopListening(settings);
      new SteppedProcess(directory, step).watch(vm);
      return process.waitFor();
    } finally {
      process.destroyForcibly();
    }
  }

  private void watch(VirtualMachine vm) throws Exception {
    for (String name : CHANGES.keySet()) {
      vm.classesByName(name).forEach(SteppedProcess::stopIn);
      ClassPrepareRequest prepared = vm.eventRequestManager().createClassPrepareRequest();
      prepared.addClassFilter(name);
      prepared.enable();
    }
    try {
      while (true) {
        EventSet events = vm.eventQueue().remove();
        for (Event event : events) {
          if (event instanceof ClassPrepareEvent loaded) {
            stopIn(loaded.referenceType());
          } else if (event instanceof BreakpointEvent stop) {
            stoppedAt(stop);
          }
        }
        events.resume();
      }
    } catch (VMDisconnectedException e) {
      // It has ended.
    }
  }

  private static void stopIn(ReferenceType type) {
    for (Method method : type.methods()) {
      if (CHANGES.get(type.name()).containsKey(method.name())) {
        BreakpointRequest stop =
            type.virtualMachine().eventRequestManager().createBreakpointRequest(method.location());
        stop.setSuspendPolicy(EventRequest.SUSPEND_ALL);
        stop.enable();
      }
    }
  }

  private void stoppedAt(BreakpointEvent stop) throws Exception {
    Method method = stop.location().method();
    int argument = CHANGES.get(method.declaringType().name()).get(method.name());
    ThreadReference thread = stop.thread();
    ObjectReference path = (ObjectReference) thread.frame(0).getArgumentValues().get(argument);
    Method toString = path.referenceType().methodsByName("toString", "()Ljava/lang/String;").get(0);
    String text =
        ((StringReference)
                path.invokeMethod(
                    thread, toString, List.of(), ObjectReference.INVOKE_SINGLE_THREADED))
            .value();
    Path changed = Path.of(text);
    if (changed.startsWith(directory) && HaltingFileSystem.counts(text)) {
      step.before(changed);
    }
  }
}
