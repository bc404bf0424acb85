#!/bin/bash
# First boot of an application server: Ubuntu 22.04 with Node.js under PM2, Nginx in front, the CloudWatch Agent beside.
# The application is the release that was delivered last; a later one comes through Session Manager, by the same script.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# Nginx answers on port 3000 of the instance's own address, NestJS on port 3000 of the loopback address.
address=$(hostname -I | cut -d' ' -f1)

apt-get update
apt-get install -y awscli ca-certificates curl gnupg nginx unattended-upgrades

# Security updates come by themselves.
cat > /etc/apt/apt.conf.d/20auto-upgrades <<'APT'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT

# Node.js 20 and PM2, which starts the application again when it falls and when the server boots.
curl -fsSL https://deb.nodesource.com/setup_20.x | bash -
apt-get install -y nodejs
npm install --global pm2
useradd --create-home --shell /bin/bash clefcloud
install -d -o clefcloud -g clefcloud /srv/clefcloud /var/log/clefcloud
env PATH="$PATH:/usr/bin" pm2 startup systemd -u clefcloud --hp /home/clefcloud

cat > /srv/clefcloud/environment <<'ENVIRONMENT'
NODE_ENV=production
APP_ENV=${env}
AWS_REGION=${region}
HOST=127.0.0.1
PORT=3000
DATABASE_HOST=${database}
DATABASE_READ_HOST=${reads}
DATABASE_SECRET=${secret}
DATABASE_POOL_SIZE=20
PARTITIONS_BUCKET=${partitions}
BACKUPS_BUCKET=${backups}
USER_POOL_ID=${user_pool_id}
USER_POOL_CLIENT_ID=${client_id}
ENVIRONMENT

# Fetches the latest release and starts it. Until there is a first one, the server is healthy and says so.
cat > /usr/local/bin/clefcloud-release <<'RELEASE'
#!/bin/bash
set -euo pipefail
release=s3://${backups}/releases/current.tar.gz
aws s3 ls "$release" --region ${region} > /dev/null || { echo 'no release yet'; exit 0; }
new=/srv/clefcloud/$(date -u +%Y%m%d%H%M%S)
install -d -o clefcloud -g clefcloud "$new"
aws s3 cp "$release" - --region ${region} | tar -xz -C "$new"
chown -R clefcloud:clefcloud "$new"
ln -sfn "$new" /srv/clefcloud/current
sudo -iu clefcloud bash -c 'set -a; . /srv/clefcloud/environment; cd /srv/clefcloud/current
  pm2 delete clefcloud > /dev/null 2>&1 || true
  pm2 start dist/main.js --name clefcloud --output /var/log/clefcloud/app.log --error /var/log/clefcloud/error.log
  pm2 save'
RELEASE
chmod +x /usr/local/bin/clefcloud-release

cat > /etc/nginx/sites-available/default <<NGINX
server {
    listen $address:3000 default_server;
    client_max_body_size 50m;
    access_log /var/log/nginx/access.log;
    location = /health {
        if (!-e /srv/clefcloud/current) {
            return 200 "no release yet\n";
        }
        proxy_pass http://127.0.0.1:3000;
    }
    location / {
        proxy_pass http://127.0.0.1:3000;
        proxy_http_version 1.1;
        proxy_set_header Host \$host;
        proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto \$http_x_forwarded_proto;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection upgrade;
    }
}
NGINX
systemctl restart nginx
clefcloud-release

# Logs, memory and disk to CloudWatch; CPU and network come from EC2 itself.
curl -fsSLo /tmp/agent.deb https://amazoncloudwatch-agent-${region}.s3.${region}.amazonaws.com/ubuntu/amd64/latest/amazon-cloudwatch-agent.deb
dpkg -i /tmp/agent.deb
cat > /opt/aws/amazon-cloudwatch-agent/etc/clefcloud.json <<'AGENT'
{
  "agent": {"metrics_collection_interval": 60},
  "metrics": {
    "namespace": "ClefCloud",
    "append_dimensions": {"AutoScalingGroupName": "$${aws:AutoScalingGroupName}"},
    "aggregation_dimensions": [["AutoScalingGroupName"]],
    "metrics_collected": {
      "mem": {"measurement": ["used_percent"]},
      "disk": {"measurement": ["free"], "resources": ["/"], "drop_device": true}
    }
  },
  "logs": {
    "logs_collected": {
      "files": {
        "collect_list": [
          {"file_path": "/var/log/clefcloud/*.log", "log_group_name": "${log_groups.app}", "log_stream_name": "{instance_id}"},
          {"file_path": "/var/log/nginx/*.log", "log_group_name": "${log_groups.nginx}", "log_stream_name": "{instance_id}"}
        ]
      }
    }
  }
}
AGENT
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:/opt/aws/amazon-cloudwatch-agent/etc/clefcloud.json
