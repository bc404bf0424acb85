//! The options that every command takes.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgAction;
use clefctl_core::error::Error;
use clefctl_core::kind::Owner;
use clefctl_core::simulation::Faults;
use clefctl_core::stack::Inputs;

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// The environment of the stack.
    #[arg(short, long, global = true, env = "CLEFCTL_ENV", value_name = "NAME")]
    pub(super) env: Option<String>,
    /// Sets a variable of the stack; may be repeated.
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(super) vars: Vec<(String, String)>,
    /// Sets variables of the stack from a YAML file; may be repeated.
    #[arg(long = "var-file", global = true, value_name = "FILE")]
    pub(super) var_files: Vec<PathBuf>,
    /// The AWS region, for a stack that names none.
    #[arg(long, global = true, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// A profile of the AWS configuration.
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Where to reach AWS instead: an emulator.
    #[arg(long, global = true, value_name = "URL")]
    pub(super) endpoint_url: Option<String>,
    /// Certificates to trust, in PEM.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) ca_bundle: Option<PathBuf>,
    /// Works on an AWS account simulated in this process and kept in `.clefctl/`: no account, no network, no cost.
    #[arg(long, global = true, env = "CLEFCTL_SANDBOX", value_parser = clap::builder::FalseyValueParser::new())]
    pub(super) sandbox: bool,
    /// How many simulated seconds pass in a real one.
    #[arg(long, global = true, value_name = "FACTOR", default_value = "60", value_parser = factor)]
    pub(super) sandbox_speed: f64,
    /// Faults of the simulated account, to rehearse them: `seed=7,cut=12,lost=3,throttled=0.2,stale=30,failed=0.1,
    /// slow=0.1,denied=ec2:CreateVpc`. A cut ends the program as a kill would.
    #[arg(long, global = true, value_name = "FAULTS", default_value = "", hide_default_value = true, value_parser = faults)]
    pub(super) sandbox_faults: Faults,
    /// The most steps at a time; without it as many as the stack allows.
    #[arg(long, global = true, value_name = "N")]
    pub(super) parallelism: Option<NonZeroUsize>,
    /// No colours; the variable `NO_COLOR` says the same.
    #[arg(long, global = true)]
    pub(super) no_color: bool,
    /// Writes what happens to a file as well, as JSON lines.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) json_into: Option<PathBuf>,
    /// Says more, such as which AWS calls were made.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// How long to wait for the lock that another run holds.
    #[arg(long, global = true, value_name = "TIME", default_value = "3m", value_parser = duration)]
    pub(super) lock_timeout: Duration,
    /// Takes it as an error when something cannot be read that is not in the stack.
    #[arg(long, global = true)]
    pub(super) strict: bool,
}

impl Global {
    /// What the stack language is given.
    pub(super) fn inputs(&self) -> Inputs {
        let process_vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter_map(|(name, value)| Some((name.strip_prefix("CLEFCTL_VAR_")?.to_owned(), value)))
            .collect();
        let standard = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        Inputs {
            vars: self.vars.clone(),
            var_files: self.var_files.clone(),
            process_vars,
            env: self.env.clone(),
            region: self.region.clone(),
            default_region: standard.iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty())),
        }
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// `STACK/ENVIRONMENT`.
pub(super) fn owner(text: &str) -> Result<Owner, String> {
    Owner::parse(text).ok_or_else(|| "write STACK/ENVIRONMENT, such as clefcloud/dev".to_owned())
}

/// What goes wrong in the simulated account.
fn faults(text: &str) -> Result<Faults, String> {
    text.parse().map_err(|error: Error| format!("{}; {}", error.message, error.hints.join("; ")))
}

fn factor(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "write a number, such as 60".to_owned())?;
    if factor > 0.0 && factor <= 1e6 { Ok(factor) } else { Err("write a number above 0, at most 1000000".to_owned()) }
}

/// `90s`, `3m`, `1h 30m`, or plain seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs);
    let friendly = || text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    seconds.or_else(friendly).ok_or_else(|| "write a time such as 90s or 3m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_factors_read_as_people_write_them() {
        for (text, want) in
            [("90s", Some(90)), ("3m", Some(180)), ("1h 30m", Some(5400)), ("45", Some(45)), ("-3s", None), ("x", None)]
        {
            assert_eq!(duration(text).ok(), want.map(Duration::from_secs), "{text}");
        }
        assert_eq!(factor("0.5"), Ok(0.5));
        assert!(["0", "-1", "nan", "inf", "x"].into_iter().all(|text| factor(text).is_err()));
        assert_eq!(assignment("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(assignment("=b").is_err());
    }
}
