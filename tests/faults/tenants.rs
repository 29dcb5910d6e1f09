//! Simulated tenants in this process, for `doctor` to run against: each makes its keys once and plays one fault after the other.

use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use m365_probe::sim::{Fault, Running, Tenant, start};
use tokio::runtime::Runtime;

use crate::report::{AT_ONCE, Cause, PORTS, causes, for_each_set};

/// The tenants of all tests. They start together, before the first fault: one that started while a fault closes another's port
/// might be given that port.
static POOL: Mutex<Weak<Pool>> = Mutex::new(Weak::new());

struct Pool {
    idle: Mutex<Vec<Simulated>>,
    returned: Condvar,
    _runtime: Runtime,
}

/// A tenant that listens, and a configuration for it.
struct Simulated {
    tenant: Running,
    directory: PathBuf,
    config: PathBuf,
}

impl Pool {
    fn shared() -> Arc<Self> {
        let mut pool = POOL.lock().unwrap();
        if let Some(started) = pool.upgrade() {
            return started;
        }
        let started = Arc::new(Self::start());
        *pool = Arc::downgrade(&started);
        started
    }

    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let tenants = (0..AT_ONCE).map(|_| Simulated::new(&runtime)).collect();
        Self { idle: Mutex::new(tenants), returned: Condvar::new(), _runtime: runtime }
    }

    /// Runs the doctor while `faults` are in force at one of the tenants, and returns its root causes.
    fn diagnose(&self, faults: &[String]) -> Vec<Cause> {
        let simulated = self.lend();
        simulated.change(|tenant| faults.iter().for_each(|fault| tenant.set_fault(fault).unwrap()));
        let mut program = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        program.args(["doctor", "--config"]).arg(&simulated.config);
        causes(program, faults)
    }

    /// Waits for a tenant that is idle.
    fn lend(&self) -> Lent<'_> {
        let idle = self.returned.wait_while(self.idle(), |idle| idle.is_empty());
        Lent { pool: self, simulated: idle.unwrap_or_else(PoisonError::into_inner).pop() }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Simulated>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tenant that returns to the pool when this is dropped, also by a test that fails: others wait for it.
struct Lent<'a> {
    pool: &'a Pool,
    simulated: Option<Simulated>,
}

impl Deref for Lent<'_> {
    type Target = Simulated;

    fn deref(&self) -> &Simulated {
        self.simulated.as_ref().expect("a tenant, until it is returned")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(simulated) = self.simulated.take() {
            simulated.change(Running::clear_faults);
            self.pool.idle().push(simulated);
            self.pool.returned.notify_one();
        }
    }
}

impl Simulated {
    fn new(runtime: &Runtime) -> Self {
        let tenant = runtime.block_on(start(Tenant::contoso().with_closed_mailbox())).unwrap();
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{}", tenant.ports().login));
        std::fs::create_dir_all(&directory).unwrap();
        let config = tenant.write_config(&directory).unwrap();
        Self { tenant, directory, config }
    }

    /// Changes the tenant's faults, and with them its ports.
    fn change(&self, change: impl FnOnce(&Running)) {
        let _unshared = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
        change(&self.tenant);
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Reports whether one of the faults shows only where tokens come from the machine's own endpoint.
fn is_of_managed_identity(faults: &[String]) -> bool {
    faults.iter().any(|name| Fault::from_name(name).is_some_and(Fault::is_of_managed_identity))
}

/// Returns the root causes that `demo` prints, which simulates a tenant with a managed identity for such faults.
fn diagnosed_by_demo(faults: &[String]) -> Vec<Cause> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
    program.args(["demo", "--once"]).args(faults.iter().flat_map(|fault| ["--fault", fault]));
    causes(program, faults)
}

/// Returns the doctor's root causes for each set of faults, in their order.
pub fn diagnosed_by_doctor(sets: &[Vec<String>]) -> Vec<Vec<Cause>> {
    let pool = Pool::shared();
    for_each_set(sets, |faults| if is_of_managed_identity(faults) { diagnosed_by_demo(faults) } else { pool.diagnose(faults) })
}
